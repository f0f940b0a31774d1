/** The card on top of a federation's thread: always current, and free of anything that only a zone may see. */
import type { Button, KnownBlock, PlanBlock, TaskCardBlock } from "@slack/types";
import type { Directory } from "../../federation/deciding/visibility.ts";
import { coordinatorOf, type Federation, type Site } from "../../federation/model/state.ts";
import { ACTION } from "../names.ts";
import { actions, type Blocks, button, context, header, section } from "./elements.ts";
import { clip, count, escaped, mention } from "./mrkdwn.ts";
import { phaseOf, sign, siteProgress, superNodesOf } from "./progress.ts";

export interface CardOptions {
  readonly directory: Directory;
  /** False in a workspace that has refused Slack's `plan` block. */
  readonly planBlock: boolean;
}

export const zoneTitle = (directory: Directory, site: Pick<Site, "zone">): string => {
  const title = directory.zones.get(site.zone)?.title;
  return title === undefined ? site.zone : `${clip(title, 80)} (${site.zone})`;
};

export function federationCard(federation: Federation, options: CardOptions): { text: string; blocks: Blocks } {
  const text = `Federation ${federation.name}: ${phaseOf(federation)}`;
  return {
    text,
    blocks: [
      header(`Federation ${federation.name}`),
      section(`*${phaseOf(federation)}*\nAsked for by ${mention(federation.requester)}.`),
      ...siteBlocks(federation, options),
      section(connections(federation, options.directory)),
      context(versions(federation)),
      ...actions(...buttons(federation)),
    ],
  };
}

function siteBlocks(federation: Federation, options: CardOptions): readonly KnownBlock[] {
  const sites = [...federation.sites.values()];
  if (options.planBlock) return [planOf(federation, sites, options.directory)];
  return sites.map((site) => {
    const progress = siteProgress(federation, site, options.directory);
    return section(
      `${sign(progress)} *${escaped(siteTitle(options.directory, site))}*\n${escaped(progress.sentence, 300)}`,
    );
  });
}

function planOf(federation: Federation, sites: readonly Site[], directory: Directory): PlanBlock {
  const tasks = sites.map((site): TaskCardBlock => {
    const progress = siteProgress(federation, site, directory);
    return {
      type: "task_card",
      task_id: site.zone,
      title: siteTitle(directory, site),
      status: progress.status,
      details: {
        type: "rich_text",
        elements: [{ type: "rich_text_section", elements: [{ type: "text", text: clip(progress.sentence, 300) }] }],
      },
    };
  });
  return { type: "plan", title: `Sites of ${federation.name}`, tasks };
}

function siteTitle(directory: Directory, site: Site): string {
  const where = zoneTitle(directory, site);
  if (site.role === "coordinator") return `${where}: coordinator, one SuperLink`;
  return `${where}: training site, ${count(superNodesOf(site), "SuperNode")}`;
}

function connections(federation: Federation, directory: Directory): string {
  const coordinator = escaped(zoneTitle(directory, coordinatorOf(federation)));
  return `Every training site dials the SuperLink of ${coordinator} over TLS, port ${federation.addressWish.port}. Nothing dials a training site.`;
}

function versions(federation: Federation): string {
  const { flowerVersion, framework, keepaliveTime, keepaliveTimeout } = federation.settings;
  const needs = `at least ${count(federation.minimumTrainingSites, "training site")}`;
  return `Flower ${escaped(flowerVersion)} · framework ${framework} · keepalive ${keepaliveTime} s, timeout ${keepaliveTimeout} s · starts with ${needs}`;
}

function buttons(federation: Federation): readonly Button[] {
  const id = federation.id;
  if (federation.ended !== null || federation.teardownAskedBy !== null) return [];
  const shown: Button[] = [];
  if (federation.problems.length > 0) shown.push(button("Check again", ACTION.checkAgain, id, { style: "primary" }));
  if (federation.trustedAt !== null) shown.push(button("Add a site", ACTION.addSite, id));
  const created = [...federation.sites.values()].some(({ attempts }) => attempts > 0);
  shown.push(
    created
      ? button("Ask for teardown", ACTION.askTeardown, id, {
          confirm: {
            title: "Ask for teardown?",
            text: "Every zone's owner is asked about its own zone. Training sites end first, the coordinator last.",
            yes: "Ask the owners",
          },
        })
      : button("Cancel the request", ACTION.cancel, id, {
          style: "danger",
          confirm: {
            title: "Cancel the request?",
            text: "Nothing has been created. The request ends.",
            yes: "Cancel it",
          },
        }),
  );
  return shown;
}
