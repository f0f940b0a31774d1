/** Where what is known of a federation may go: to these channels and, beyond them, nowhere. */
import type { ChannelId, Person, SiteName, TeamId } from "../model/identity.ts";
import type { DecisionContext, SiteProfile } from "../model/policy.ts";
import { keeperOf } from "../model/site-profiles.ts";
import { coordinatorOf, type Federation, type Site } from "../model/state.ts";

export type Content =
  /** Sites, SuperNodes, versions, who connects to whom, one-sentence reasons. */
  | { readonly kind: "federation" }
  /** What would run at a site (templates, sizes, networks, manifest) and its zone's errors in detail. */
  | { readonly kind: "site"; readonly site: SiteName }
  /** The CA certificate, its fingerprint and the SuperLink's address. */
  | { readonly kind: "trust" }
  /** How the holders of the coordinator zone's ssh keys reach the Control API. */
  | { readonly kind: "run-access" };

/** What deciding about visibility needs of the configuration. */
export type Directory = Pick<DecisionContext, "policy" | "sites">;

/** The channels that content of this kind may go to. Empty: only its site's owners may see it, in a view of their own. */
export function channelsFor(federation: Federation, directory: Directory, content: Content): readonly ChannelId[] {
  switch (content.kind) {
    case "federation":
      return [federation.homeChannel];
    case "site":
      return channelOf(directory, content.site);
    case "trust": {
      const sites = approvedSites(federation).flatMap(({ name }) => channelOf(directory, name));
      return [...new Set([federation.homeChannel, ...sites])];
    }
    case "run-access": {
      const coordinator = coordinatorOf(federation);
      return coordinator.approvalState === "approved" ? channelOf(directory, coordinator.name) : [];
    }
  }
}

/** The organisations that may be connected to a channel for trust to be posted there. */
export function organisationsTrusted(federation: Federation, directory: Directory): readonly TeamId[] {
  const owners = approvedSites(federation).flatMap((site) => keeperOf(directory.sites, site.name)?.owners ?? []);
  return [...new Set([...directory.policy.installingTeams, ...owners.map(({ team }) => team)])];
}

/** Whoever is a member of one of these may see status and plan; for everybody else the federation does not exist. */
export function channelsOfViewers(federation: Federation, directory: Directory): readonly ChannelId[] {
  const sites = [...federation.sites.keys()].flatMap((name) => channelOf(directory, name));
  return [...new Set([federation.homeChannel, ...sites])];
}

/** The sites that the person owns. */
export const sitesOf = ({ team, user }: Person, { sites }: Directory): readonly SiteProfile[] =>
  [...sites.values()].filter(({ owners }) => owners.some((owner) => owner.team === team && owner.user === user));

const approvedSites = (federation: Federation): readonly Site[] =>
  [...federation.sites.values()].filter((site) => site.approvalState === "approved");

function channelOf(directory: Directory, site: SiteName): readonly ChannelId[] {
  const channel = keeperOf(directory.sites, site)?.channel ?? null;
  return channel === null ? [] : [channel];
}
