/** The answer to `zones`: who owns them, whether they can be reached, what is missing. */

import type { Reason } from "../../federation/model/events.ts";
import type { ZoneProfile } from "../../federation/model/policy.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import type { ZoneCheck } from "../../federation/ports.ts";
import { ownersOf } from "./conditions.ts";
import { type Blocks, section, sections } from "./elements.ts";
import { MARK } from "./marks.ts";
import { code, count, escaped, firstOf, mentions } from "./mrkdwn.ts";

type Zones = ReadonlyMap<ZoneProfile["name"], ZoneProfile>;

/** Characters of one answer, and answers to one question: Slack takes no more. */
const PAGE_TEXT = 9000;
const MOST_PAGES = 4;
const MOST_PROBLEMS = 6;
/** Characters of one problem's detail. */
const MOST_DETAIL = 150;

/**
 * In as many messages as hold them. Names of templates and errors in detail stay with the zone: whoever owns it reads
 * them too.
 */
export function zonesCards(
  looks: readonly ZoneCheck[],
  zones: Zones,
  own: ReadonlySet<ZoneProfile["name"]> = new Set(),
): readonly { text: string; blocks: Blocks }[] {
  const text = count(looks.length, "zone");
  if (looks.length === 0) return [{ text, blocks: [section("No zone is configured.")] }];
  const pages: string[][] = [[]];
  let [length, told] = [0, 0];
  for (const look of looks) {
    const line = zoneText(look, zones.get(look.zone), own.has(look.zone));
    if (length + line.length > PAGE_TEXT) {
      if (pages.length === MOST_PAGES) break;
      pages.push([]);
      length = 0;
    }
    pages.at(-1)?.push(line);
    length += line.length;
    told += 1;
  }
  if (told < looks.length) pages.at(-1)?.push(`and ${count(looks.length - told, "more zone")}`);
  return pages.map((lines) => ({ text, blocks: sections(lines) }));
}

function zoneText(look: ZoneCheck, profile: ZoneProfile | undefined, isOwn: boolean): string {
  const title = `*${escaped(profile?.title ?? look.zone, 80)}* (${code(look.zone)})`;
  const owners = profile === undefined ? "" : mentions(ownersOf({ zones: new Map([[look.zone, profile]]) }, look.zone));
  const well = look.problems.length === 0;
  const state =
    look.version === null
      ? `${MARK.down} no answer`
      : `${well ? `${MARK.up}` : `${MARK.degraded}`} OpenNebula ${escaped(look.version, 20)}`;
  const ready = well
    ? "Templates and network are there."
    : firstOf([...new Set(look.problems.map((problem) => problemLine(problem, isOwn)))], MOST_PROBLEMS, "problem").join(
        "\n",
      );
  return `${title}: ${state}, owners ${owners}\n${ready}`;
}

const problemLine = ({ code: reason, detail }: Reason, isOwn: boolean): string =>
  `• ${escaped(REASONS[reason])}${isOwn && detail !== "" ? ` ${code(detail, MOST_DETAIL)}` : ""}`;
