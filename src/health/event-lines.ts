/** One line at info for each decision and step, as it is journalled: which federation, which zone, who. */
import type { FederationEvent } from "../federation/model/events.ts";
import type { Federation } from "../federation/model/state.ts";
import type { Federations, Log } from "../federation/ports.ts";
import { eventWords } from "./event-words.ts";

export function tellEvents(store: Pick<Federations, "onChange">, log: Pick<Log, "info">): void {
  store.onChange((federation, _before, recorded) => {
    for (const { event } of recorded) tell(federation, event, log);
  });
}

function tell({ id, name }: Federation, event: FederationEvent, log: Pick<Log, "info">): void {
  const told = eventWords(event);
  if (told === null) return;
  const zone = zoneOf(event);
  const by = told.by === undefined ? undefined : told.by === null ? "the operator" : `${told.by.team}/${told.by.user}`;
  const fields = {
    federation: id,
    name,
    ...(zone === null ? {} : { zone }),
    ...(by === undefined ? {} : { by }),
    ...(told.detail === undefined ? {} : { detail: told.detail }),
  };
  log.info(fields, `${name}${zone === null ? "" : ` in ${zone}`}: ${told.words}`);
}

function zoneOf(event: FederationEvent): string | null {
  if ("site" in event) return event.site;
  if (event.type === "site-requested") return event.wish.site;
  if (!("subject" in event)) return null;
  return event.subject.kind === "zone" ? event.subject.zone : event.subject.site;
}
