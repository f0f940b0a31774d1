/** What each end of a federation's tunnels is to be told: who the other ends are. Pure. */
import type { TunnelPeers } from "../../guest-protocol/tunnel.ts";
import type { FederationEvent } from "../model/events.ts";
import { hubKey, hubVm } from "../model/hub.ts";
import type { SiteName } from "../model/identity.ts";
import type { WireGuardLink } from "../model/plan.ts";
import { successorOf } from "../model/rotation.ts";
import { type RouterEnd, routerEnds } from "../model/router.ts";
import type { DeployedVm, Federation, Site, TunnelTold } from "../model/state.ts";
import { dialledIn, pairIn } from "./range.ts";

/** The keys at a VM's other ends, and which pair of addresses is its own; null for the hub, which has its side of all. */
type Telling = Pick<TunnelTold, "pair" | "peers" | "successors">;

/** What a VM has to be told now; null when that is nothing yet. */
function tellingFor(federation: Federation, site: Site, vm: DeployedVm): Telling | null {
  return site.role === "coordinator" ? hubTelling(federation, vm) : peerTelling(federation, vm);
}

/** It has not been told, or not of all this, or nobody knows whether it was. */
export function isTellingDue(federation: Federation, site: Site, vm: DeployedVm): boolean {
  const telling = tellingFor(federation, site, vm);
  const { tunnelTold } = vm;
  return telling !== null && (tunnelTold?.delivered !== true || !saysTheSame(tunnelTold, telling));
}

/** What a VM is told next, with the intent to be journalled first: none where the same was intended before. */
export function nextTelling(
  federation: Federation,
  name: SiteName,
  vmId: number,
): { readonly intent: readonly FederationEvent[]; readonly peers: TunnelPeers } | null {
  const site = federation.sites.get(name);
  const deployment = site?.deployment ?? null;
  const vm = deployment?.vms.get(vmId);
  if (site === undefined || deployment === null || vm === undefined || vm.gone) return null;
  const { link } = deployment.plan;
  const telling = tellingFor(federation, site, vm);
  if (link.kind !== "wireguard" || telling === null || !isTellingDue(federation, site, vm)) return null;
  const before = vm.tunnelTold;
  const isIntended = before !== null && saysTheSame(before, telling);
  const sequence = (before?.sequence ?? 0) + (isIntended ? 0 : 1);
  const intent = { type: "tunnel-peers-intended", site: name, vmId, sequence, ...telling } as const;
  return { intent: isIntended ? [] : [intent], peers: peersFor(federation, link, telling, sequence) };
}

const saysTheSame = (one: Telling, other: Telling): boolean =>
  one.pair === other.pair &&
  isSame(one.peers, other.peers) &&
  isSame(
    one.successors.map(({ key }) => key),
    other.successors.map(({ key }) => key),
  ) &&
  isSame(
    one.successors.map(({ replaces }) => replaces),
    other.successors.map(({ replaces }) => replaces),
  );

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((key, nth) => key === other[nth]);

/** Next keys that a hub is told at a time: the rest of a large federation that changes all at once has its turn after. */
const MAX_SUCCESSORS = 80;

/** The next keys of those, in their order. */
function successorsOf(federation: Federation, peers: readonly string[]): TunnelTold["successors"] {
  return peers
    .flatMap((replaces) => {
      const end = federation.tunnelKeys.get(replaces);
      const deployment = end === undefined ? null : (federation.sites.get(end.site)?.deployment ?? null);
      const vm = deployment?.vms.get(end?.vmId ?? -1);
      const key = deployment === null || vm?.tunnelKey !== replaces ? null : successorOf(deployment, vm);
      return key === null ? [] : [{ key, replaces }];
    })
    .slice(0, MAX_SUCCESSORS);
}

function hubTelling(federation: Federation, vm: DeployedVm): Telling | null {
  if (vm.vmId !== hubVm(federation)?.vmId || vm.tunnelKey === null) return null;
  const peers = farEnds(federation)
    .toSorted((one, other) => one.pair - other.pair)
    .map(({ key }) => key);
  const telling = { pair: null, peers, successors: successorsOf(federation, peers) };
  return peers.length === 0 && vm.tunnelTold === null ? null : telling;
}

/** Whatever has an end of a tunnel to the hub: VMs, and zones' routers. */
export const farEnds = (federation: Federation): readonly RouterEnd[] => [
  ...[...federation.tunnelKeys.values()].flatMap(({ site, key, pair, revoked }) =>
    revoked || pair === null ? [] : [{ site, key, pair }],
  ),
  ...routerEnds(federation),
];

/** The hub is told first: who knocks at one that does not know it yet is let in seconds later. */
function peerTelling(federation: Federation, { tunnelKey }: DeployedVm): Telling | null {
  const hub = hubKey(federation);
  if (tunnelKey === null || hub === null) return null;
  const pair = federation.tunnelKeys.get(tunnelKey)?.pair ?? null;
  const known = hubVm(federation)?.tunnelTold?.peers;
  if (pair === null || known?.includes(tunnelKey) !== true) return null;
  return { pair, peers: [hub], successors: successorsOf(federation, [hub]) };
}

/** `WG_PEERS` for a VM whose plan has that link. */
function peersFor(
  federation: Federation,
  link: WireGuardLink,
  { pair, peers, successors }: Telling,
  sequence: number,
): TunnelPeers {
  const { range, hub } = link;
  if (pair !== null) {
    const endpoint = `${hub.host}:${hub.port}`;
    const allowed = [`${dialledIn(range)}/32`];
    return {
      sequence,
      own: [`${pairIn(range, pair).peer}/31`],
      peers: [
        ...peers.map((key) => ({ key, endpoint, allowed, replaces: null })),
        ...successors.map(({ key, replaces }) => ({ key, endpoint, allowed: [], replaces })),
      ],
    };
  }
  const pairOf = new Map(farEnds(federation).map((end) => [end.key, end.pair]));
  const ends = peers.flatMap((key) => {
    const nth = pairOf.get(key);
    return nth === undefined ? [] : [{ key, nth }];
  });
  const pairs = new Set([0, ...ends.map(({ nth }) => nth)]);
  return {
    sequence,
    own: [...pairs].map((nth) => `${pairIn(range, nth).hub}/31`),
    peers: [
      ...ends.map(({ key, nth }) => ({
        key,
        endpoint: null,
        allowed: [`${pairIn(range, nth).peer}/32`],
        replaces: null,
      })),
      ...successors.map(({ key, replaces }) => ({ key, endpoint: null, allowed: [], replaces })),
    ],
  };
}
