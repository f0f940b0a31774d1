/** The answer to `zones`: who owns them, whether they can be reached, what is missing. */
import type { ZoneProfile } from "../../federation/model/policy.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import type { ZoneCheck } from "../../federation/ports.ts";
import { type Blocks, section } from "./elements.ts";
import { code, escaped, mentions } from "./mrkdwn.ts";

/** Names of templates and errors in detail stay with the zone; here each problem is one sentence. */
export function zonesCard(
  looks: readonly ZoneCheck[],
  zones: ReadonlyMap<ZoneProfile["name"], ZoneProfile>,
): { text: string; blocks: Blocks } {
  const texts = looks.slice(0, 45).map((look) => zoneText(look, zones.get(look.zone)));
  return {
    text: `${looks.length} zones`,
    blocks: texts.length === 0 ? [section("No zone is configured.")] : texts.map(section),
  };
}

function zoneText(look: ZoneCheck, profile: ZoneProfile | undefined): string {
  const title = `*${escaped(profile?.title ?? look.zone, 80)}* (${code(look.zone)})`;
  const owners = mentions((profile?.owners ?? []).slice(0, 10));
  const well = look.problems.length === 0;
  const state =
    look.version === null
      ? ":red_circle: no answer"
      : `${well ? ":large_green_circle:" : ":large_yellow_circle:"} OpenNebula ${escaped(look.version, 20)}`;
  const ready = well
    ? "Templates and network are there."
    : [...new Set(look.problems.map((problem) => REASONS[problem.code]))]
        .slice(0, 6)
        .map((sentence) => `• ${escaped(sentence)}`)
        .join("\n");
  return `${title}: ${state}, owners ${owners}\n${ready}`;
}
