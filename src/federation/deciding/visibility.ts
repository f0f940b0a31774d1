/** Where what is known of a federation may go: to these channels and, beyond them, nowhere. */
import type { ChannelId, Person, TeamId, ZoneName } from "../model/identity.ts";
import type { DecisionContext, ZoneProfile } from "../model/policy.ts";
import { coordinatorOf, type Federation, type Site } from "../model/state.ts";

export type Content =
  /** Sites, SuperNodes, versions, who connects to whom, one-sentence reasons. */
  | { readonly kind: "federation" }
  /** What would run in a zone (templates, sizes, networks, manifest) and its errors in detail. */
  | { readonly kind: "zone"; readonly zone: ZoneName }
  /** The CA certificate, its fingerprint and the SuperLink's address. */
  | { readonly kind: "trust" }
  /** How the holders of the coordinator zone's ssh keys reach the Control API. */
  | { readonly kind: "run-access" };

/** What deciding about visibility needs of the configuration. */
export type Directory = Pick<DecisionContext, "policy" | "zones">;

/** The channels that content of this kind may go to. Empty: only its zone's owners may see it, in a view of their own. */
export function channelsFor(federation: Federation, directory: Directory, content: Content): readonly ChannelId[] {
  switch (content.kind) {
    case "federation":
      return [federation.homeChannel];
    case "zone":
      return channelOf(directory, content.zone);
    case "trust": {
      const zones = approvedSites(federation).flatMap((site) => channelOf(directory, site.zone));
      return [...new Set([federation.homeChannel, ...zones])];
    }
    case "run-access": {
      const coordinator = coordinatorOf(federation);
      return coordinator.approvalState === "approved" ? channelOf(directory, coordinator.zone) : [];
    }
  }
}

/** The organisations that may be connected to a channel for trust to be posted there. */
export function organisationsTrusted(federation: Federation, directory: Directory): readonly TeamId[] {
  const owners = approvedSites(federation).flatMap((site) => directory.zones.get(site.zone)?.owners ?? []);
  return [...new Set([...directory.policy.installingTeams, ...owners.map(({ team }) => team)])];
}

/** Whoever is a member of one of these may see status and plan; for everybody else the federation does not exist. */
export function channelsOfViewers(federation: Federation, directory: Directory): readonly ChannelId[] {
  const zones = [...federation.sites.keys()].flatMap((zone) => channelOf(directory, zone));
  return [...new Set([federation.homeChannel, ...zones])];
}

/** The zones that the person owns. */
export const zonesOf = ({ team, user }: Person, { zones }: Directory): readonly ZoneProfile[] =>
  [...zones.values()].filter(({ owners }) => owners.some((owner) => owner.team === team && owner.user === user));

const approvedSites = (federation: Federation): readonly Site[] =>
  [...federation.sites.values()].filter((site) => site.approvalState === "approved");

function channelOf(directory: Directory, zone: ZoneName): readonly ChannelId[] {
  const channel = directory.zones.get(zone)?.channel ?? null;
  return channel === null ? [] : [channel];
}
