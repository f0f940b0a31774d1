/** What went wrong at a site, for its zone's channel, with what its owner can do. */

import type { Directory } from "../../federation/deciding/visibility.ts";
import { currentProposal, type Federation, type Site } from "../../federation/model/state.ts";
import { ACTION } from "../names.ts";
import { siteButtons } from "./approval-card.ts";
import { actions, type Blocks, button, section } from "./elements.ts";
import { zoneTitle } from "./federation-card.ts";
import { codeBlock, escaped, mentions } from "./mrkdwn.ts";
import type { Trouble } from "./trouble.ts";

export interface TroubleOptions {
  readonly directory: Directory;
  /** The buttons stand on the newest trouble of a site only. */
  readonly newest: boolean;
  /** False where the zone has no channel: the detail then opens for its owners only. */
  readonly inZoneChannel: boolean;
}

export function troubleCard(
  federation: Federation,
  site: Site,
  trouble: Trouble,
  { directory, newest, inZoneChannel }: TroubleOptions,
): { text: string; blocks: Blocks } {
  const where = escaped(zoneTitle(directory, site));
  const text = `${where}, federation ${federation.name}: ${escaped(trouble.sentence)}`;
  const over = trouble.overAt !== null;
  // What a guest says is below, with all that its owner can do; the sentence is for where that is not shown.
  const said = inZoneChannel && trouble.alone ? "" : ` ${escaped(trouble.sentence)}`;
  const owners = newest && !over ? `${mentions(directory.zones.get(site.zone)?.owners ?? [])} ` : "";
  return {
    text,
    blocks: [
      section(
        `${over ? ":white_check_mark:" : ":warning:"} ${owners}*${where}*, federation *${federation.name}*:${said}${over ? " *This is over.*" : ""}`,
      ),
      ...(inZoneChannel ? troubleDetail(trouble) : []),
      ...buttons(federation, site, newest, inZoneChannel),
    ],
  };
}

export function troubleDetail({ detail, guests }: Trouble): Blocks {
  return [
    ...(detail === "" ? [] : [section(codeBlock(detail, 2500))]),
    ...(guests.length === 0
      ? []
      : [
          section(
            guests
              .slice(0, 10)
              .map((line) => escaped(line, 290))
              .join("\n"),
          ),
        ]),
  ];
}

function buttons(federation: Federation, site: Site, newest: boolean, inZoneChannel: boolean): Blocks {
  const proposal = currentProposal(site);
  if (proposal === null || !newest) return [];
  const detail = inZoneChannel ? [] : [button("See the detail", ACTION.seeDetail, proposal.card)];
  const acting = federation.ended === null && site.run !== null ? siteButtons(site, proposal) : [];
  return actions(...acting, ...detail);
}
