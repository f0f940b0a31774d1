/** What an end of the tunnels drops: what is not from whom it seems to be, or not for the SuperLink. All of it is claims. */
import type { TunnelLinks, TunnelPeerState } from "../../guest-protocol/tunnel.ts";
import type { ConditionCode } from "../model/conditions.ts";
import { hubKey, hubVm } from "../model/hub.ts";
import { successorOf } from "../model/rotation.ts";
import { routerEnd } from "../model/router.ts";
import { coordinatorOf, type DeployedVm, type Federation, type Site, trainingSitesOf } from "../model/state.ts";
import { dialledIn, pairIn } from "../tunnels/range.ts";
import type { LiveFederation } from "./live.ts";
import { hubSaid, isAlive, type TunnelSaid } from "./tunnels.ts";

/** Packets between two words that are no chance, such as the last ones of a connection that was cut. */
const DROPPED = 3;

const grown = (said: TunnelSaid | null, count: (links: TunnelLinks) => number): number =>
  said === null || said.before === null ? 0 : count(said.links) - count(said.before);

/**
 * Why a tunnel that stands carries nothing of a VM's: an end's list gives the other's address to nobody, or to somebody
 * else, or what arrives has another address. null: neither can be seen.
 */
export function whyDropped(
  federation: Federation,
  live: LiveFederation,
  site: Site,
  vm: DeployedVm,
): ConditionCode | null {
  const said = hubSaid(federation, live);
  const end = routerEnd(site);
  const key = end?.key ?? vm.tunnelKey;
  const pair = end?.pair ?? federation.tunnelKeys.get(key ?? "")?.pair ?? null;
  const link = site.deployment?.plan.link;
  const atHub = said?.links.peers.find((peer) => peer.key === key);
  if (said === null || atHub === undefined || pair === null || link?.kind !== "wireguard") return null;
  const keys = [key, site.deployment === null ? null : successorOf(site.deployment, vm)];
  const inside = `${pairIn(link.range, pair).peer}/32`;
  if (!isHeldBy(keys, inside, said.links.peers)) return "tunnel-not-allowed";
  if (end === null && !isHubTaken(federation, live, site, vm, `${dialledIn(link.range)}/32`)) {
    return "tunnel-not-allowed";
  }
  return isForged(said, atHub) ? (end === null ? "tunnel-not-allowed" : "router-other-address") : null;
}

/** Whether the VM's own list has the hub's address where it belongs, as far as the VM says anything of its hub. */
function isHubTaken(
  federation: Federation,
  live: LiveFederation,
  { name }: Site,
  { vmId }: DeployedVm,
  inside: string,
): boolean {
  const peers = live.sites.get(name)?.vms.get(vmId)?.tunnel?.links.peers ?? [];
  const hub = hubKey(federation);
  const { deployment } = coordinatorOf(federation);
  const ofHub = hubVm(federation);
  if (hub === null || deployment === null || ofHub === null) return true;
  return !peers.some(({ key }) => key === hub) || isHeldBy([hub, successorOf(deployment, ofHub)], inside, peers);
}

/** While a key is being changed, the address is the one's or the other's. */
const isHeldBy = (keys: readonly (string | null)[], inside: string, peers: readonly TunnelPeerState[]): boolean =>
  peers.some(({ key, allowed }) => keys.includes(key) && allowed.includes(inside));

/** The hub hears it, and drops meanwhile what has another address than the sender's. */
function isForged(said: TunnelSaid, { key, age }: TunnelPeerState): boolean {
  const rx = ({ peers }: TunnelLinks): number => peers.find((peer) => peer.key === key)?.rx ?? 0;
  return isAlive({ age }) && grown(said, rx) > 0 && isForging(said);
}

const isForging = (said: TunnelSaid): boolean => grown(said, ({ forged }) => forged) >= DROPPED;

/** The hub drops what has a false address, and no site's dial fails for it: whose it is nobody says. */
export function isForgedBySomebody(federation: Federation, live: LiveFederation): boolean {
  const said = hubSaid(federation, live);
  return (
    said !== null && isForging(said) && !trainingSitesOf(federation).some((site) => isExplained(federation, live, site))
  );
}

function isExplained(federation: Federation, live: LiveFederation, site: Site): boolean {
  const seen = live.sites.get(site.name)?.vms;
  return [...(site.deployment?.vms.values() ?? [])].some((vm) => {
    const link = seen?.get(vm.vmId)?.link;
    return (link === "unreachable" || link === "tunnel-silent") && whyDropped(federation, live, site, vm) !== null;
  });
}

/** Addresses inside from which a site sends what is not for the SuperLink, and the VMs that have them. */
export interface Strays {
  readonly from: readonly string[];
  /** None where it is the zone's router. */
  readonly vmIds: readonly number[];
}

export function straysOf(federation: Federation, live: LiveFederation, site: Site): Strays {
  const link = site.deployment?.plan.link;
  if (link?.kind !== "wireguard") return { from: [], vmIds: [] };
  const atHub = hubSaid(federation, live);
  const strayed = (pair: number, said: TunnelSaid | null): boolean => {
    const inside = pairIn(link.range, pair).peer;
    return grown(said, ({ strays }) => strays.find(({ from }) => from === inside)?.count ?? 0) >= DROPPED;
  };
  const end = routerEnd(site);
  if (end !== null) return { from: strayed(end.pair, atHub) ? [pairIn(link.range, end.pair).peer] : [], vmIds: [] };
  const found = [...(site.deployment?.vms.values() ?? [])].flatMap(({ vmId, tunnelKey }) => {
    const pair = federation.tunnelKeys.get(tunnelKey ?? "")?.pair ?? null;
    const seen = live.sites.get(site.name)?.vms.get(vmId);
    const own = seen === undefined || seen.silent || seen.state !== "running" ? null : seen.tunnel;
    if (pair === null || !(strayed(pair, atHub) || strayed(pair, own))) return [];
    return [{ vmId, from: pairIn(link.range, pair).peer }];
  });
  return { from: found.map(({ from }) => from), vmIds: found.map(({ vmId }) => vmId) };
}
