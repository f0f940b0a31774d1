/** A zone's own router as that site's end of the tunnels. */
import { hubKey } from "./hub.ts";
import type { SiteName } from "./identity.ts";
import type { WireGuardLink } from "./plan.ts";
import { currentProposal, type Federation, type Site, trainingSitesOf } from "./state.ts";

/** The link of a site whose router has, or is to have, its end; null of any other. */
export function routerLink(site: Site): WireGuardLink | null {
  if (site.approvalState === "excluded" || site.role !== "training") return null;
  for (const plan of [site.deployment?.plan, currentProposal(site)?.plan]) {
    if (plan?.link.kind === "wireguard" && plan.link.way === "router") return plan.link;
  }
  return null;
}

/** Nothing else is missing but the key that an owner gives. */
export const awaitsRouterKey = (federation: Federation, site: Site): boolean =>
  federation.trustedAt !== null &&
  site.approvalState === "approved" &&
  site.router === null &&
  routerLink(site) !== null;

/** A router's key and its pair of addresses. */
export interface RouterEnd {
  readonly site: SiteName;
  readonly key: string;
  readonly pair: number;
}

/** Once an owner has given its key. */
export function routerEnd(site: Site): RouterEnd | null {
  const link = routerLink(site);
  return link === null || link.pairs === null || site.router === null
    ? null
    : { site: site.name, key: site.router.key, pair: link.pairs.first };
}

export const routerEnds = (federation: Federation): readonly RouterEnd[] =>
  trainingSitesOf(federation).flatMap((site) => routerEnd(site) ?? []);

/** The hub has another key than when the router's was given, and a router does not follow by itself. */
export const hasHubChanged = (federation: Federation, { router }: Site): boolean => {
  const hub = hubKey(federation);
  return router !== null && hub !== null && router.hub !== hub;
};
