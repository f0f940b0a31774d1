/** The sites that a zone's entry makes, each with what belongs to it. Pure. */
import { siteIn, siteOfZone, type ZoneName } from "../federation/model/identity.ts";
import type { SiteProfile } from "../federation/model/policy.ts";
import type { SiteEntry } from "./zone-entry.ts";
import type { PooledEntry } from "./zonepool-entry.ts";

/** The first bears the zone's name: it coordinates where the zone does, and trains where it is the only one that does. */
export function sitesOfZone(zone: ZoneName, entry: PooledEntry): readonly SiteProfile[] {
  const { coordinate, train } = entry;
  const shared = sharedBy(zone, entry);
  const gateway = entry.gateway?.template ?? null;
  const supernode = train?.sites === undefined ? offered(train?.templates) : {};
  const own: SiteProfile = {
    ...shared,
    name: siteOfZone(zone),
    templates: { superlink: coordinate?.template ?? null, supernode, gateway },
    sshKeys: coordinate?.sshKeys ?? [],
  };
  if (train?.sites !== undefined) {
    const templates = { named: train.templates, gateway };
    return [own, ...Object.entries(train.sites).map(([name, site]) => departmentOf(shared, name, site, templates))];
  }
  return coordinate === undefined || train === undefined ? [own] : [own, besideCoordinator(shared, own)];
}

/** What trains in a federation that its own zone coordinates. */
const besideCoordinator = (shared: Shared, { templates }: SiteProfile): SiteProfile => ({
  ...shared,
  name: siteIn(shared.zone, "training"),
  title: `${shared.title}, training`,
  templates: { ...templates, superlink: null },
});

type Shared = Omit<SiteProfile, "name" | "templates">;

const sharedBy = (zone: ZoneName, entry: PooledEntry): Shared => ({
  zone,
  title: entry.title,
  channel: entry.channel ?? null,
  owners: entry.owners,
  quorum: entry.quorum,
  network: entry.network,
  deploy: entry.deploy ?? (entry.oneflow === undefined ? "vms" : "oneflow"),
  tunnelWay: entry.tunnel,
  alternatives: entry.alternatives,
  sshKeys: [],
  nodeConfig: entry.nodeConfig,
});

type Templates = SiteEntry["templates"];

const offered = (templates: Templates): SiteProfile["templates"]["supernode"] =>
  Object.fromEntries(Object.entries(templates ?? {}).filter(([, template]) => template !== undefined));

/** What a zone's sites have of its templates. */
interface OfZone {
  readonly named: Templates;
  readonly gateway: SiteProfile["templates"]["gateway"];
}

const departmentOf = (shared: Shared, name: string, site: SiteEntry, { named, gateway }: OfZone): SiteProfile => ({
  ...shared,
  name: siteIn(shared.zone, name),
  title: site.title ?? `${shared.title}, ${name}`,
  channel: site.channel ?? shared.channel,
  owners: site.owners ?? shared.owners,
  quorum: site.quorum ?? shared.quorum,
  templates: { superlink: null, supernode: offered(site.templates ?? named), gateway },
  network: site.network ?? shared.network,
  tunnelWay: site.tunnel ?? shared.tunnelWay,
  alternatives: site.alternatives ?? shared.alternatives,
  nodeConfig: site.nodeConfig ?? shared.nodeConfig,
});
