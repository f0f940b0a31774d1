/** Asks a zone's owners to end their part of a federation. */

import type { Button } from "@slack/types";
import type { Directory } from "../../federation/deciding/visibility.ts";
import { type Federation, isEmpty, type Site } from "../../federation/model/state.ts";
import { cardValue } from "../card-value.ts";
import { ACTION } from "../names.ts";
import { ownersOf } from "./conditions.ts";
import { actions, type Blocks, button, section, sections } from "./elements.ts";
import { MARK } from "./marks.ts";
import { escaped, mention, mentions, moment } from "./mrkdwn.ts";
import { placeTitle } from "./titles.ts";

type Teardown = NonNullable<Site["teardown"]>;

export function teardownCard(
  federation: Federation,
  site: Site,
  teardown: Teardown,
  directory: Directory,
): { text: string; blocks: Blocks } {
  const where = escaped(placeTitle(directory, site));
  const title = isRunOut(federation)
    ? `${where}: federation ${federation.name} is taken down`
    : `${where}: tear down federation ${federation.name}?`;
  const asked = askedOf(federation, site, teardown, directory);
  const lines = standing(federation, site, teardown);
  return {
    text: isOpen(federation, site, teardown) ? `${title} ${asked}` : `${title} ${lines.at(-1) ?? ""}`,
    blocks: [section(`*${title}*\n${asked}`), ...sections(lines), ...actions(...buttons(federation, site, teardown))],
  };
}

/** What was asked is not asked any more. */
export function withdrawnCard(
  federation: Federation,
  site: Site,
  directory: Directory,
): { text: string; blocks: Blocks } {
  const where = escaped(placeTitle(directory, site));
  const title = `${where}: tear down federation ${federation.name}?`;
  const why = "This was withdrawn: nobody need decide about it any more.";
  return { text: `${title} ${why}`, blocks: [section(`*${title}*\n${MARK.out} ${why}`)] };
}

const isOpen = (federation: Federation, site: Site, { agreedBy }: Teardown): boolean =>
  !isRunOut(federation) && agreedBy === null && federation.ended === null && site.deployment !== null;

/** Its last day is over, and nobody is asked any more. */
const isRunOut = ({ teardown }: Federation): boolean => teardown?.because === "run-out";

function askedOf(federation: Federation, site: Site, teardown: Teardown, directory: Directory): string {
  if (isRunOut(federation)) {
    return "None of the coordinator's owners said in time that this federation goes on, so it is taken down: training sites first, the SuperLink last.";
  }
  const owners = isOpen(federation, site, teardown) ? ownersOf(directory, site.name) : [];
  const by = federation.teardown?.askedBy ?? null;
  const who = by === null ? "The bot's operator asks" : `${mention(by)} asks`;
  const what =
    site.role === "coordinator"
      ? "The SuperLink is removed after the last training site, and with it every run and model that is only there."
      : "Your SuperNodes are removed at once. The other sites decide for themselves.";
  return `${owners.length === 0 ? "" : `For ${mentions(owners)}: `}${who} to end this federation. ${what}`;
}

function standing(federation: Federation, site: Site, { agreedBy }: Teardown): readonly string[] {
  const lines: string[] = [];
  if (agreedBy !== null) lines.push(`${MARK.done} ${mention(agreedBy)} agreed.`);
  if (site.role === "coordinator" && federation.stopAnnounced !== null && site.deployment !== null) {
    lines.push(`${MARK.warning} The SuperLink stops ${moment(federation.stopAnnounced)}, whatever still runs then.`);
  }
  if (isEmpty(site)) lines.push("Nothing of this federation runs here any more.");
  else if (site.deployment === null) lines.push("What ran here is being removed.");
  else if (agreedBy !== null || isRunOut(federation)) lines.push("Waits for the training sites to end.");
  else lines.push("Waits for an owner of this site.");
  return lines;
}

function buttons(federation: Federation, site: Site, teardown: Teardown): readonly Button[] {
  if (federation.ended !== null || isRunOut(federation) || site.deployment === null) return [];
  const value = cardValue(federation.id, teardown.card);
  const about = `${site.name} for federation ${federation.name}`;
  const agree =
    teardown.agreedBy === null
      ? [
          button("Tear down here", ACTION.agreeTeardown, value, {
            style: "danger",
            label: `Tear down in ${about}`,
            confirm: {
              title: "Tear down here?",
              text: "The VMs of this federation at your site are removed with their disks. This cannot be taken back.",
              yes: "Tear down",
            },
          }),
        ]
      : [];
  if (site.role === "training" || federation.stopAnnounced !== null) return agree;
  return [
    ...agree,
    button("Stop without waiting", ACTION.stopSoon, value, {
      style: "danger",
      label: `Stop the coordinator in ${about} without waiting`,
      confirm: {
        title: "Stop without waiting?",
        text: "The owners of the other sites are warned first. After the time that the bot's policy sets, the SuperLink is removed even if training sites still run.",
        yes: "Warn them and stop",
      },
    }),
  ];
}
