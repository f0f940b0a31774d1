/** The sites that a zone's entry makes, each with what belongs to it. Pure. */
import { siteOfZone, type ZoneName } from "../federation/model/identity.ts";
import type { SiteProfile } from "../federation/model/policy.ts";
import type { PooledEntry } from "./zonepool-entry.ts";

/** The first bears the zone's name. */
export function sitesOfZone(zone: ZoneName, entry: PooledEntry): readonly SiteProfile[] {
  const offered = Object.entries(entry.train?.templates ?? {}).filter(([, template]) => template !== undefined);
  const own: SiteProfile = {
    name: siteOfZone(zone),
    zone,
    title: entry.title,
    channel: entry.channel ?? null,
    owners: entry.owners,
    quorum: entry.quorum,
    templates: {
      superlink: entry.coordinate?.template ?? null,
      supernode: Object.fromEntries(offered),
      gateway: entry.gateway?.template ?? null,
    },
    network: entry.network,
    deploy: entry.deploy ?? (entry.oneflow === undefined ? "vms" : "oneflow"),
    tunnelWay: entry.tunnel,
    alternatives: entry.alternatives,
    sshKeys: entry.coordinate?.sshKeys ?? [],
    nodeConfig: entry.nodeConfig,
  };
  return [own];
}
