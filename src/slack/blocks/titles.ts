/** What zones and sites are called on screen. Plain text. */
import type { Directory } from "../../federation/deciding/visibility.ts";
import { superNodesOf } from "../../federation/model/plan.ts";
import { currentProposal, type Site } from "../../federation/model/state.ts";
import { clip, count } from "./mrkdwn.ts";

export function placeTitle(directory: Directory, { name }: Pick<Site, "name">): string {
  const title = directory.sites.get(name)?.title;
  return title === undefined ? name : `${clip(title, 80)} (${name})`;
}

/** SuperNodes that run, else those that would. */
export function superNodesAt(site: Site): number {
  const plan = site.deployment?.plan ?? currentProposal(site)?.plan;
  return plan === undefined ? site.wish.superNodes : superNodesOf(plan);
}

export function siteTitle(directory: Directory, site: Site): string {
  const where = placeTitle(directory, site);
  if (site.role === "coordinator") return `${where}: coordinator, one SuperLink`;
  return `${where}: training site, ${count(superNodesAt(site), "SuperNode")}`;
}
