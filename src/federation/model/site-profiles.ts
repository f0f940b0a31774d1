/** The sites that the zones file describes, looked up by what is asked of them. */
import { type SiteName, siteIn, siteOfZone, type ZoneName, zoneOf } from "./identity.ts";
import type { SiteProfile } from "./policy.ts";

type Sites = ReadonlyMap<SiteName, SiteProfile>;

/** Whose a site is: where its own entry has left the zones file, its zone's owners decide, so that somebody can end it. */
export const keeperOf = (sites: Sites, name: SiteName): SiteProfile | undefined =>
  sites.get(name) ?? sites.get(siteOfZone(zoneOf(name)));

export const hasZone = (sites: Sites, zone: ZoneName): boolean => sites.has(siteOfZone(zone));

/** Each zone's sites, the one that bears its name first. */
export function sitesByZone(sites: Iterable<SiteProfile>): ReadonlyMap<ZoneName, readonly SiteProfile[]> {
  const zones = new Map<ZoneName, SiteProfile[]>();
  for (const site of sites) zones.set(site.zone, [...(zones.get(site.zone) ?? []), site]);
  return zones;
}

const trains = ({ templates }: SiteProfile): boolean => Object.keys(templates.supernode).length > 0;

/** Sites that a form offers to train: one that has its zone's name stands for the one beside a coordinator, too. */
export const trainingChoices = (sites: Sites): readonly SiteProfile[] =>
  [...sites.values()].filter((site) => {
    const ofZone = sites.get(siteOfZone(site.zone));
    return trains(site) && (ofZone === undefined || ofZone === site || !trains(ofZone));
  });

/** What a site that trains is called in a federation with this coordinator, which bears its zone's name. */
export const nameBeside = (coordinator: SiteName, { name, zone }: Pick<SiteProfile, "name" | "zone">): SiteName =>
  name === coordinator ? siteIn(zone, "training") : name;
