/** Who gets which part of a federation's tunnels, and what cannot be planned. Pure. */

import type { Reason } from "../model/events.ts";
import type { SiteName } from "../model/identity.ts";
import { overlaps, type Span, spanOf, toIp, toNumber } from "../model/ipv4.ts";
import { FLEET_PORT, type SitePlan, TUNNEL_MTU, type TunnelWay, type WireGuardLink } from "../model/plan.ts";
import type { TakenTunnel } from "../model/policy.ts";
import { coordinatorOf, currentProposal, type Federation, type Site, trainingSitesOf } from "../model/state.ts";
import type { NetworkFacts, PortSpan, ZoneSurvey } from "../model/zone-facts.ts";
import { hasTunnel, type TunnelWish, tunnelWishOf } from "./crossing.ts";
import { dialledIn, freeRange, pairsIn, spanOfRange } from "./range.ts";

/** UDP port of the hub, where nobody asks for another. */
export const HUB_PORT = 51820;

/** Seconds: at both ends, so that a hub that has restarted finds its peers as well as they find it. */
export const TUNNEL_KEEPALIVE = 25;

/** What WireGuard adds to a packet over IPv6; over IPv4 it is 60. */
const OVERHEAD = 80;
const DEFAULT_CARD_MTU = 1500;
/** The mask that a VM takes where its network says none. */
const DEFAULT_MASK = "255.255.255.0";

/** Pairs of the range that belong to one site. */
interface Block {
  readonly first: number;
  readonly count: number;
}
type Blocks = ReadonlyMap<SiteName, Block | null>;

const known = new WeakMap<Federation, { readonly range: string; readonly blocks: Blocks }>();

/** The pairs of each site that is to run: those that its plan has, or the first that are free. null: too few are left. */
function blocksOf(federation: Federation, range: string): Blocks {
  const before = known.get(federation);
  if (before?.range === range) return before.blocks;
  const sites = trainingSitesOf(federation).filter((site) => hasTunnel(federation, site));
  const blocks = dealt(sites, pairsIn(range));
  known.set(federation, { range, blocks });
  return blocks;
}

function dealt(sites: readonly Site[], pairs: number): Blocks {
  // What was planned stays where it is, whoever comes or goes.
  const blocks = new Map<SiteName, Block | null>(
    sites.flatMap((site) => {
      const block = isHeld(site) ? plannedBlock(site) : null;
      return block === null ? [] : [[site.name, block]];
    }),
  );
  const taken = [...blocks.values()].flatMap((block) => block ?? []);
  for (const site of sites) {
    if (site.approvalState !== "planning" || blocks.has(site.name)) continue;
    const block = firstFree(taken, site.wish.superNodes, pairs, plannedBlock(site));
    blocks.set(site.name, block);
    if (block !== null) taken.push(block);
  }
  return blocks;
}

function plannedBlock(site: Site): Block | null {
  const link = (currentProposal(site)?.plan ?? site.deployment?.plan)?.link;
  if (link?.kind !== "wireguard" || link.pairs === null || link.pairs.count < site.wish.superNodes) return null;
  return link.pairs;
}

/** It is asked about, or it runs. */
const isHeld = ({ approvalState, deployment }: Site): boolean =>
  approvalState === "pending" || approvalState === "approved" || deployment !== null;

/** The block that it had, while nobody else has it; else the lowest gap that is wide enough. */
function firstFree(taken: readonly Block[], count: number, pairs: number, had: Block | null): Block | null {
  const isApart = (one: Block, other: Block): boolean =>
    one.first + one.count <= other.first || other.first + other.count <= one.first;
  if (had !== null && had.first + had.count <= pairs && taken.every((one) => isApart(one, had))) return had;
  let first = 0;
  for (const one of taken.toSorted((some, other) => some.first - other.first)) {
    if (first + count <= one.first) break;
    first = Math.max(first, one.first + one.count);
  }
  return first + count <= pairs ? { first, count } : null;
}

/** Bytes inside a tunnel over cards of that network; a router has other cards, and limits what VMs send into its tunnel. */
const tunnelMtu = ({ guestMtu }: NetworkFacts, way: TunnelWay): number =>
  way === "router" ? TUNNEL_MTU.max : Math.min(TUNNEL_MTU.max, (guestMtu ?? DEFAULT_CARD_MTU) - OVERHEAD);

/** The addresses that VMs with a card there take for those of their neighbours. */
function neighbours({ ranges, mask }: NetworkFacts): readonly Span[] {
  const size = 2 ** 32 - toNumber(mask ?? DEFAULT_MASK);
  return ranges.map(({ first, last }) => ({
    first: Math.floor(toNumber(first) / size) * size,
    last: Math.ceil((toNumber(last) + 1) / size) * size - 1,
  }));
}

/** The range for the federation's tunnels: the one that was asked for, or one that overlaps nothing that is known. */
export function chooseRange(
  wish: TunnelWish,
  networks: readonly NetworkFacts[],
  others: readonly TakenTunnel[],
): string | Reason {
  if (wish.range !== null) return wish.range;
  const taken = [
    ...networks.flatMap(neighbours),
    ...others.flatMap(({ range }) => (range === null ? [] : [spanOfRange(range)])),
  ];
  return freeRange(taken) ?? { code: "tunnel-range-none", detail: "" };
}

/** What a look at the site's zone shows. */
type Seen = Pick<ZoneSurvey, "openPorts" | "gatewayWays" | "gatewayDoors"> & { readonly network: NetworkFacts };

/** What stands in the way of this site's end of the tunnels; `range` is null while none is chosen. */
export function judgeTunnel(
  federation: Federation,
  site: Site,
  seen: Seen,
  way: TunnelWay,
  others: Iterable<TakenTunnel>,
): readonly Reason[] {
  const wish = tunnelWishOf(federation.crossing);
  if (wish === null || !hasTunnel(federation, site)) return [];
  const { network, openPorts } = seen;
  const range = federation.tunnelRange ?? wish.range;
  const mtu = tunnelMtu(network, way);
  const problems: Reason[] = [];
  if (mtu < TUNNEL_MTU.min) problems.push({ code: "tunnel-mtu", detail: `${network.name}: ${network.guestMtu}` });
  if (site.role === "coordinator") {
    const earlier = [...others].filter(({ since }) => since < federation.requestedAt);
    problems.push(...judgeHub(wish, openPorts, earlier));
  }
  if (site.role === "training" && way !== "router" && !isOpen(wish.hub, openPorts)) {
    problems.push({ code: "tunnel-way-out-closed", detail: `UDP ${wish.hub.port}` });
  }
  if (way === "gateway") problems.push(...judgeGateway(site, seen));
  if (site.role === "training" && way === "router") problems.push(...judgeRouter(network, openPorts, range));
  if (range === null) return problems;
  const own = neighbours(network).find((span) => overlaps(span, spanOfRange(range)));
  if (own !== undefined) {
    const detail = `${range} overlaps ${toIp(own.first)} to ${toIp(own.last)} of ${network.name}`;
    problems.push({ code: "tunnel-range-overlaps", detail });
  }
  if (site.role === "training" && blocksOf(federation, range).get(site.name) === null) {
    problems.push({ code: "tunnel-range-full", detail: range });
  }
  return problems;
}

/** What stands between a gateway and the others, one of whom dials the other. */
function judgeGateway({ role }: Site, { gatewayWays, gatewayDoors }: Seen): readonly Reason[] {
  const [ways, doors] =
    role === "coordinator"
      ? (["gateway-superlink-way-out-closed", "gateway-superlink-way-in-closed"] as const)
      : (["gateway-way-out-closed", "gateway-way-in-closed"] as const);
  const detail = `TCP ${FLEET_PORT}`;
  return [
    ...(isOpen({ port: FLEET_PORT }, gatewayWays) ? [] : [{ code: ways, detail }]),
    ...(isOpen({ port: FLEET_PORT }, gatewayDoors) ? [] : [{ code: doors, detail }]),
  ];
}

/** What stands between the VMs and the zone's router, and between its answers and them. */
function judgeRouter(network: NetworkFacts, openPorts: Seen["openPorts"], range: string | null): readonly Reason[] {
  const { gateway, filtered, leased, held } = network;
  // A router that is no machine of the zone sends through no card that is filtered.
  const isMachine = gateway !== null && leased.includes(gateway) && !held.includes(gateway);
  const isFiltered =
    isMachine &&
    filtered.some(({ first, last }) => toNumber(first) <= toNumber(gateway) && toNumber(gateway) <= toNumber(last));
  const isPassed =
    openPorts === null ||
    openPorts.some(
      ({ first, last, target }) => first <= FLEET_PORT && FLEET_PORT <= last && isForTunnels(target, range),
    );
  return [
    ...(isFiltered ? [{ code: "router-filtered", detail: `${gateway} in ${network.name}` } as const] : []),
    ...(isPassed ? [] : [{ code: "router-way-out-closed", detail: `TCP ${FLEET_PORT}` } as const]),
  ];
}

/** The dialled address is inside the tunnels, and so in none of the zone's networks. */
function isForTunnels(target: PortSpan["target"], range: string | null): boolean {
  if (target === undefined) return true;
  if (target === "a network") return false;
  return range === null || overlaps(target, spanOf([dialledIn(range), 32]));
}

function judgeHub({ hub }: TunnelWish, openPorts: Seen["openPorts"], others: Iterable<TakenTunnel>): readonly Reason[] {
  return [
    ...(isOpen(hub, openPorts) ? [] : [{ code: "tunnel-port-closed", detail: `UDP ${hub.port}` } as const]),
    ...(isHubTaken(hub, others) ? [{ code: "tunnel-hub-taken", detail: `${hub.host}:${hub.port}` } as const] : []),
  ];
}

/** By one of the card's security groups, where these hold and can be seen. */
const isOpen = ({ port }: Pick<TunnelWish["hub"], "port">, openPorts: Seen["openPorts"]): boolean =>
  openPorts === null || openPorts.some(({ first, last }) => first <= port && port <= last);

/** One public address and port can be forwarded to one hub. */
export const isHubTaken = (hub: TunnelWish["hub"], others: Iterable<TakenTunnel>): boolean =>
  [...others].some((other) => other.hub.host === hub.host && other.hub.port === hub.port);

/** How the site's traffic crosses, as its plan says it. Only of a site of which `judgeTunnel` found nothing. */
export function linkFor(
  federation: Federation,
  site: Site,
  network: NetworkFacts,
  range: string | null,
  way: TunnelWay,
): SitePlan["link"] {
  const wish = tunnelWishOf(federation.crossing);
  if (wish === null || !hasTunnel(federation, site)) return { kind: "public-address" };
  if (range === null) throw new Error(`Federation ${federation.id} has no range for its tunnels yet.`);
  const block = site.role === "coordinator" ? null : (blocksOf(federation, range).get(site.name) ?? null);
  return {
    kind: "wireguard",
    way,
    hub: wish.hub,
    range,
    mtu: tunnelMtu(network, way),
    pairs: block,
  } satisfies WireGuardLink;
}

/** Tunnels that federations other than one have at the same coordinator's zone: their ranges are kept apart. */
export const besideIn = (federation: Federation, others: Iterable<TakenTunnel>): readonly TakenTunnel[] => {
  const { zone } = coordinatorOf(federation);
  return [...others].filter(({ coordinator }) => coordinator === zone);
};
