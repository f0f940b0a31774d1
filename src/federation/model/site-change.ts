/** Changes to one site that several events have in common. */
import type { ZoneName } from "./identity.ts";
import type { Federation, Site } from "./state.ts";

export function withSite(federation: Federation, zone: ZoneName, change: (site: Site) => Site): Federation {
  const site = federation.sites.get(zone);
  if (site === undefined) throw new Error(`Federation ${federation.id} has no site in ${zone}.`);
  return { ...federation, sites: new Map(federation.sites).set(zone, change(site)) };
}

/** The site's run ends here; a service that was created, or may have been, is to be removed. */
export function removing(site: Site, cause: "retry" | "retire" | "teardown", at: string): Site {
  const serviceId = site.run?.serviceId ?? null;
  const removals =
    serviceId === null ? site.removals : [...site.removals, { serviceId, cause, since: at, delayed: null }];
  return { ...site, run: null, removals };
}
