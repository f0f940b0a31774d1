/** One line at info for each decision and step, as it is journalled: which federation, which site, who. */
import type { FederationEvent } from "../federation/model/events.ts";
import { type SiteName, type ZoneName, zoneOf } from "../federation/model/identity.ts";
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
  const place = placeOf(event);
  const by = told.by === undefined ? undefined : told.by === null ? "the operator" : `${told.by.team}/${told.by.user}`;
  const fields = {
    federation: id,
    name,
    ...place,
    ...(by === undefined ? {} : { by }),
    ...(told.detail === undefined ? {} : { detail: told.detail }),
  };
  log.info(fields, `${name}${place === null ? "" : ` in ${place.site ?? place.zone}`}: ${told.words}`);
}

/** The zone, and the site in it where it is about one. */
function placeOf(event: FederationEvent): { readonly zone: ZoneName; readonly site?: SiteName } | null {
  if ("site" in event) return placeOfSite(event.site);
  if (event.type === "site-requested") return placeOfSite(event.wish.site);
  if (!("subject" in event)) return null;
  return event.subject.kind === "zone" ? { zone: event.subject.zone } : placeOfSite(event.subject.site);
}

const placeOfSite = (site: SiteName) => ({ zone: zoneOf(site), site });
