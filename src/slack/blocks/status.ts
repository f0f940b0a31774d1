/** Answers to `status`: private, and only about federations that the person may know of. */

import type { Directory } from "../../federation/deciding/visibility.ts";
import { coordinatorOf, currentAuthority, type Federation, newestFirst } from "../../federation/model/state.ts";
import type { TunnelState } from "../../federation/observing/tunnels.ts";
import { oncePer } from "../once-per.ts";
import { type Blocks, context, header, section, sections } from "./elements.ts";
import { MARK } from "./marks.ts";
import { count, escaped, moment } from "./mrkdwn.ts";
import { phaseOf } from "./phase.ts";
import { progressText, siteProgress } from "./progress.ts";
import { placeTitle } from "./titles.ts";
import { tunnelLines } from "./tunnel-lines.ts";

/** Characters of all lines of one answer together, and of a site's line at least. */
const MOST_TEXT = 9500;
const SHORTEST = 60;
const MOST_FEDERATIONS = 40;

export interface Said {
  readonly text: string;
  readonly blocks: Blocks;
}

export function statusAnswer(federation: Federation, directory: Directory, tunnels: readonly TunnelState[] = []): Said {
  return {
    text: `Federation ${federation.name}: ${phaseOf(federation)}`,
    blocks: [
      header(`Federation ${federation.name}`),
      section(`*${phaseOf(federation)}*`),
      ...sections(siteLines(federation, directory)),
      ...sections(tunnelLines(tunnels, directory)),
      context(certificateLine(federation)),
    ],
  };
}

/** The more sites, the shorter each of their lines; what still does not fit is counted. */
function siteLines(federation: Federation, directory: Directory): readonly string[] {
  const sites = [...federation.sites.values()];
  const room = Math.max(SHORTEST, Math.floor(MOST_TEXT / Math.max(1, sites.length)) - 60);
  const lines: string[] = [];
  let length = 0;
  for (const site of sites) {
    const progress = siteProgress(federation, site, directory);
    const kind = site.role === "coordinator" ? ", coordinator" : "";
    const name = sites.length > 20 ? site.name : placeTitle(directory, site);
    const line = `${MARK[progress.mark]} *${escaped(name, 120)}*${kind}: ${progressText(progress, Math.min(220, room))}`;
    if (length + line.length > MOST_TEXT) break;
    lines.push(line);
    length += line.length;
  }
  const more = sites.length - lines.length;
  return more > 0 ? [...lines, `and ${count(more, "more site")}`] : lines;
}

function certificateLine(federation: Federation): string {
  const vms = [...(coordinatorOf(federation).deployment?.vms.values() ?? [])];
  const issued = vms
    .flatMap(({ certificate, gone }) => (certificate === null || gone ? [] : [certificate.expiresAt]))
    .sort()
    .at(-1);
  const server =
    issued === undefined
      ? "no certificate has been issued yet"
      : `the SuperLink's certificate is valid until ${moment(issued)} and is renewed before`;
  const expiry = currentAuthority(federation)?.expiresAt;
  return `Certificates: ${server}${expiry === undefined ? "" : `; the CA until ${moment(expiry)}`}.`;
}

const lineOf = oncePer((federation: Federation) => `• *${federation.name}*: ${escaped(phaseOf(federation), 150)}`);

/** @param ask what asks for a federation where the person typed, such as `/flower deploy-site`; null: nothing does */
export function overview(federations: readonly Federation[], ask: string | null, isComplete: boolean): Said {
  const rest = isComplete ? "" : " Not every channel was looked through; name a federation to see it.";
  if (federations.length === 0) {
    const next = ask === null ? "" : ` ${ask} asks for one.`;
    const text = `There is no federation that you can see here.${next}${rest}`;
    return { text, blocks: [section(text)] };
  }
  const sorted = federations.toSorted(newestFirst);
  const lines = sorted.slice(0, MOST_FEDERATIONS).map(lineOf);
  const more = sorted.length - lines.length;
  if (more > 0) lines.push(`and ${count(more, "more federation")}; name one to see it.`);
  return { text: "Your federations", blocks: sections(rest === "" ? lines : [...lines, rest.trim()]) };
}
