/** The answer to `zones`: who owns them, whether they can be reached, what is missing. */

import type { Reason } from "../../federation/model/events.ts";
import { type SiteName, siteOfZone, type ZoneName } from "../../federation/model/identity.ts";
import type { SiteProfile } from "../../federation/model/policy.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import { trainingChoices } from "../../federation/model/site-profiles.ts";
import type { ZoneCheck } from "../../federation/ports.ts";
import { ownersOf } from "./conditions.ts";
import { type Blocks, section, sections } from "./elements.ts";
import { MARK } from "./marks.ts";
import { code, count, escaped, firstOf, mentions } from "./mrkdwn.ts";

type Sites = ReadonlyMap<SiteName, SiteProfile>;

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
  sites: Sites,
  own: ReadonlySet<ZoneName> = new Set(),
): readonly { text: string; blocks: Blocks }[] {
  const text = count(looks.length, "zone");
  if (looks.length === 0) return [{ text, blocks: [section("No zone is configured.")] }];
  const pages: string[][] = [[]];
  let [length, told] = [0, 0];
  for (const look of looks) {
    const line = zoneText(look, sites, own.has(look.zone));
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

function zoneText(look: ZoneCheck, sites: Sites, isOwn: boolean): string {
  const ofZone = siteOfZone(look.zone);
  const title = `*${escaped(sites.get(ofZone)?.title ?? look.zone, 80)}* (${code(look.zone)})`;
  const owners = mentions(ownersOf({ sites }, ofZone));
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
  return [`${title}: ${state}, owners ${owners}`, ...departmentLines(look.zone, sites), ready].join("\n");
}

/** The sites of a zone that has several, each with those who decide for it. */
const departmentLines = (zone: ZoneName, sites: Sites): readonly string[] =>
  trainingChoices(sites)
    .filter((site) => site.zone === zone && site.name !== siteOfZone(zone))
    .map(({ name, title, owners }) => `• ${escaped(title, 80)} (${code(name)}), owners ${mentions(owners)}`);

const problemLine = ({ code: reason, detail }: Reason, isOwn: boolean): string =>
  `• ${escaped(REASONS[reason])}${isOwn && detail !== "" ? ` ${code(detail, MOST_DETAIL)}` : ""}`;
