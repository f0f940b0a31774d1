/** The sites on a federation's card: a task or section each while they are few, grouped lines when they are many. */

import type { KnownBlock, PlanBlock, RichTextElement, TaskCardBlock } from "@slack/types";
import type { Directory } from "../../federation/deciding/visibility.ts";
import type { Federation, Site } from "../../federation/model/state.ts";
import { section, sections } from "./elements.ts";
import { emojiOf, MARK, taskOf } from "./marks.ts";
import { clip, count, escaped, listed } from "./mrkdwn.ts";
import { type Progress, progressText, siteProgress } from "./progress.ts";
import { placeTitle, siteTitle } from "./titles.ts";

/** Sites that are shown one by one. */
const MOST_ALONE = 20;
/** Groups of sites that are told apart, and names in one group. */
const MOST_GROUPS = 15;
const MOST_NAMES = 100;
/** Characters of all lines together: what else is on the card needs the rest of Slack's limit. */
const MOST_TEXT = 8000;

export interface ListOptions {
  readonly directory: Directory;
  /** False in a workspace that has refused Slack's `plan` block. */
  readonly planBlock: boolean;
}

export function siteBlocks(federation: Federation, { directory, planBlock }: ListOptions): readonly KnownBlock[] {
  const sites = [...federation.sites.values()];
  if (sites.length > MOST_ALONE) return sections(groupedLines(federation, sites, directory));
  if (planBlock) return [planOf(federation, sites, directory)];
  return sites.map((site) => {
    const progress = siteProgress(federation, site, directory);
    return section(`${MARK[progress.mark]} *${escaped(siteTitle(directory, site))}*\n${progressText(progress)}`);
  });
}

function planOf(federation: Federation, sites: readonly Site[], directory: Directory): PlanBlock {
  const tasks = sites.map((site): TaskCardBlock => {
    const progress = siteProgress(federation, site, directory);
    return {
      type: "task_card",
      task_id: site.name,
      title: siteTitle(directory, site),
      status: taskOf(progress.mark),
      details: { type: "rich_text", elements: [{ type: "rich_text_section", elements: richProgress(progress) }] },
    };
  });
  return { type: "plan", title: `Sites of ${federation.name}`, tasks };
}

function richProgress({ mark, sentence, since }: Progress): RichTextElement[] {
  const shown: RichTextElement[] = [
    { type: "emoji", name: emojiOf(mark) },
    { type: "text", text: ` ${clip(sentence, 300)}` },
  ];
  if (since === null) return shown;
  const often = since.flapping ? `, ${since.count} times, keeps coming and going.` : ".";
  return [...shown, { type: "text", text: " Since " }, dateOf(since.since), { type: "text", text: often }];
}

const dateOf = (iso: string): RichTextElement => ({
  type: "date",
  timestamp: Math.floor(Date.parse(iso) / 1000),
  format: "{date_short_pretty}, {time}",
  fallback: `${iso.slice(0, 16).replace("T", " ")} UTC`,
});

/** Sites of which the same is to be said share a line; what fits on no line is counted. */
function groupedLines(federation: Federation, sites: readonly Site[], directory: Directory): readonly string[] {
  const groups = new Map<string, { readonly progress: Progress; readonly zones: Site[] }>();
  for (const site of sites) {
    const progress = siteProgress(federation, site, directory);
    const name = site.role === "coordinator" ? `coordinator ${site.name}` : `${progress.mark} ${progress.sentence}`;
    const known = groups.get(name);
    if (known === undefined) groups.set(name, { progress, zones: [site] });
    else known.zones.push(site);
  }
  const largestFirst = [...groups.values()].sort((one, other) => rank(other.zones) - rank(one.zones));
  const lines: string[] = [];
  let [told, length] = [0, 0];
  for (const group of largestFirst.slice(0, MOST_GROUPS)) {
    const line = lineOf(group.progress, group.zones, directory);
    if (length + line.length > MOST_TEXT) break;
    lines.push(line);
    told += group.zones.length;
    length += line.length;
  }
  const more = sites.length - told;
  return more > 0 ? [...lines, `and ${count(more, "more site")}; \`status ${federation.name}\` shows them`] : lines;
}

/** The coordinator first, then the larger groups. */
const rank = (sites: readonly Site[]): number =>
  sites.some(({ role }) => role === "coordinator") ? Number.POSITIVE_INFINITY : sites.length;

function lineOf(progress: Progress, sites: readonly Site[], directory: Directory): string {
  const [only] = sites;
  if (only !== undefined && sites.length === 1) {
    const kind = only.role === "coordinator" ? ", coordinator" : "";
    return `${MARK[progress.mark]} *${escaped(placeTitle(directory, only), 120)}*${kind}: ${progressText(progress, 200)}`;
  }
  const names = listed(
    sites.map(({ zone }) => zone),
    MOST_NAMES,
  );
  return `${MARK[progress.mark]} *${count(sites.length, "site")}*: ${escaped(progress.sentence, 200)} ${names}`;
}
