/** Asks a zone's owners to end their part of a federation. */
import type { Button } from "@slack/types";
import type { Directory } from "../../federation/deciding/visibility.ts";
import type { Federation, Site } from "../../federation/model/state.ts";
import { ACTION } from "../names.ts";
import { actions, type Blocks, button, section } from "./elements.ts";
import { zoneTitle } from "./federation-card.ts";
import { escaped, mention, mentions, moment } from "./mrkdwn.ts";

type Teardown = NonNullable<Site["teardown"]>;

export function teardownCard(
  federation: Federation,
  site: Site,
  teardown: Teardown,
  directory: Directory,
): { text: string; blocks: Blocks } {
  const where = escaped(zoneTitle(directory, site));
  const text = `${where}: tear down federation ${federation.name}?`;
  return {
    text,
    blocks: [
      section(`*${where}: tear down federation ${federation.name}?*\n${asked(federation, site, teardown, directory)}`),
      section(standing(federation, site, teardown)),
      ...actions(...buttons(federation, site, teardown)),
    ],
  };
}

function asked(federation: Federation, site: Site, teardown: Teardown, directory: Directory): string {
  const open = teardown.agreedBy === null && federation.ended === null;
  const owners = open ? `${mentions(directory.zones.get(site.zone)?.owners ?? [])} ` : "";
  const by = federation.teardownAskedBy === null ? "It is asked" : `${mention(federation.teardownAskedBy)} asks`;
  const what =
    site.role === "coordinator"
      ? "The SuperLink is removed after the last training site, and with it every run and model that is only there."
      : "Your SuperNodes are removed at once. Other zones decide for themselves.";
  return `${owners}${by} to end this federation. ${what}`;
}

function standing(federation: Federation, site: Site, { agreedBy }: Teardown): string {
  const lines: string[] = [];
  if (agreedBy !== null) lines.push(`:white_check_mark: ${mention(agreedBy)} agreed.`);
  if (site.role === "coordinator" && federation.stopAnnounced !== null) {
    lines.push(`:warning: The SuperLink stops ${moment(federation.stopAnnounced)}, whatever still runs then.`);
  }
  if (site.run === null && site.removals.length > 0) lines.push("What ran here is being removed.");
  else if (site.run === null) lines.push("Nothing of this federation runs here any more.");
  else if (agreedBy !== null) lines.push("Waits for the training sites to end.");
  else lines.push("Waits for an owner of this zone.");
  return lines.join("\n");
}

function buttons(federation: Federation, site: Site, teardown: Teardown): readonly Button[] {
  if (federation.ended !== null || site.run === null) return [];
  const agree =
    teardown.agreedBy === null
      ? [
          button("Tear down in this zone", ACTION.agreeTeardown, teardown.card, {
            style: "danger",
            confirm: {
              title: "Tear down in this zone?",
              text: "The VMs of this federation in your zone are removed with their disks. This cannot be taken back.",
              yes: "Tear down",
            },
          }),
        ]
      : [];
  if (site.role === "training" || federation.stopAnnounced !== null) return agree;
  return [
    ...agree,
    button("Stop without waiting", ACTION.stopSoon, teardown.card, {
      confirm: {
        title: "Stop without waiting?",
        text: "The owners of the other sites are warned first. After the time that the bot's policy sets, the SuperLink is removed even if training sites still run.",
        yes: "Warn them and stop",
      },
    }),
  ];
}
