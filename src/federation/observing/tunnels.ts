/** What both ends of a federation's tunnels say, held together. All of it is claims, and lives in memory only. */
import { parseAddress } from "../../guest-protocol/address.ts";
import { decodeTunnelLinks, type TunnelLinks, type TunnelPeerState } from "../../guest-protocol/tunnel.ts";
import type { ConditionCode } from "../model/conditions.ts";
import { gatewayVm } from "../model/gateway.ts";
import { hubKey, hubVm } from "../model/hub.ts";
import type { SiteName } from "../model/identity.ts";
import { gatewayPart } from "../model/plan.ts";
import { hasHubChanged, routerEnd } from "../model/router.ts";
import { coordinatorOf, type DeployedVm, type Federation, type Site, trainingSitesOf } from "../model/state.ts";
import type { LiveFederation } from "./live.ts";
import type { LiveVm } from "./vm-observation.ts";

/** What an end said last, and what it had said before that, so that it can be seen what grows. */
export interface TunnelSaid {
  readonly text: string;
  readonly links: TunnelLinks;
  readonly before: TunnelLinks | null;
  /** By key, from where the peer spoke, as was said the last few times; newest last. */
  readonly paths: ReadonlyMap<string, readonly string[]>;
  /** The same of how often it was seen elsewhere until then. */
  readonly moves: ReadonlyMap<string, readonly number[]>;
}

/** Words of an end of which the places of its peers are remembered. */
const REMEMBERED = 6;
/** Changes of place in so many words that no translating router makes. */
const MOVES = 4;
const MOVES_IN = 3;

/** What cannot be read says nothing; what was said again is not read again. */
export function tunnelSaid(text: string | undefined, before: TunnelSaid | null): TunnelSaid | null {
  if (text === undefined || text === before?.text) return before;
  const decoded = decodeTunnelLinks(text);
  if (!decoded.ok) return before;
  const links = decoded.value;
  const paths = links.peers.map(({ key, endpoint }) => {
    const path = [...(before?.paths.get(key) ?? []), ...(endpoint === null ? [] : [endpoint])];
    return [key, path.slice(-REMEMBERED)] as const;
  });
  const moves = links.peers.map(
    ({ key, moves: count }) => [key, [...(before?.moves.get(key) ?? []), count].slice(-MOVES_IN)] as const,
  );
  return { text, links, before: before?.links ?? null, paths: new Map(paths), moves: new Map(moves) };
}

/** Seconds without a handshake that only a tunnel has that carries nothing: a healthy one renews after 120 and a keepalive. */
const SILENT_AFTER = 180;

export const isAlive = ({ age }: { readonly age: number | null }): boolean => age !== null && age <= SILENT_AFTER;

/** Attempts between two words of the hub that are no coincidence: an end that is not answered tries every 5 s. */
const KNOCKS = 2;

const hostOf = (endpoint: string | null): string | null => {
  const parsed = endpoint === null ? null : parseAddress(endpoint);
  return parsed?.ok ? parsed.value.host.value : null;
};

/** Whether it is knocked from that address more often than those do who are heard there, and renew their tunnels. */
function knocksInVain({ links, before }: TunnelSaid, place: string): boolean {
  const countIn = (said: TunnelLinks | null): number => said?.knocks.find(({ from }) => from === place)?.count ?? 0;
  const rxBefore = new Map(before?.peers.map(({ key, rx }) => [key, rx]));
  const isHeard = (peer: TunnelPeerState): boolean => isAlive(peer) && peer.rx !== rxBefore.get(peer.key);
  const heard = links.peers.filter((peer) => hostOf(peer.endpoint) === place && isHeard(peer)).length;
  return before !== null && countIn(links) - countIn(before) >= KNOCKS + heard;
}

/** Addresses of which the hub knows nobody, and from which it is knocked. */
const strangersOf = (said: TunnelSaid): readonly string[] => {
  const known = new Set(said.links.peers.map(({ endpoint }) => hostOf(endpoint)));
  return said.links.knocks.map(({ from }) => from).filter((from) => !known.has(from) && knocksInVain(said, from));
};

/**
 * Why the hub does not answer a site's VM, as far as both ends together show it: they have not each other's keys; it is
 * tried and not answered; it worked until now; or nothing of it arrives.
 */
export function whySilent(federation: Federation, live: LiveFederation, site: Site, vm: DeployedVm): ConditionCode {
  const said = hubSaid(federation, live);
  if (said === null || vm.tunnelKey === null) return "link-tunnel-silent";
  const own = ownWordOfHub(federation, live, site, vm);
  const atHub = said.links.peers.find(({ key }) => key === vm.tunnelKey);
  if (own === "unknown" || atHub === undefined) return "tunnel-other-key";
  const place = hostOf(atHub.endpoint);
  if (place !== null && knocksInVain(said, place)) return "tunnel-unanswered";
  if (isAlive(atHub) || (own !== null && isAlive(own))) return "tunnel-cut";
  return place === null ? whyNeverHeard(federation, live, said) : "tunnel-unheard";
}

/** Attempts from where nobody is known may be those of any site that was never heard; of each, where they are so many. */
function whyNeverHeard(federation: Federation, live: LiveFederation, said: TunnelSaid): ConditionCode {
  const strangers = strangersOf(said).length;
  if (strangers === 0) return said.before === null ? "link-tunnel-silent" : "tunnel-unheard";
  return strangers >= silentSites(federation, live) ? "tunnel-unanswered" : "link-tunnel-silent";
}

/** What the VM says of the hub: `unknown` where it has other ends and not that one; null while it says nothing. */
function ownWordOfHub(
  federation: Federation,
  live: LiveFederation,
  { name }: Site,
  { vmId }: DeployedVm,
): TunnelPeerState | "unknown" | null {
  const peers = live.sites.get(name)?.vms.get(vmId)?.tunnel?.links.peers ?? [];
  const hub = hubKey(federation);
  return peers.find(({ key }) => key === hub) ?? (peers.length === 0 || hub === null ? null : "unknown");
}

/** Whether the VM's tunnel stands, by its own word: what does not answer then is behind it. */
export function isBeyondTunnel(federation: Federation, live: LiveFederation, site: Site, vm: DeployedVm): boolean {
  const own = ownWordOfHub(federation, live, site, vm);
  return own !== null && own !== "unknown" && isAlive(own);
}

/**
 * Why a site's VM reaches nothing through its zone's router: the router tries and is not answered, as after a change of
 * the hub's key that it has not followed; the hub hears nothing of it; or it does, and then what the router is to do for
 * the VMs is missing.
 */
export function whyNotRouted(federation: Federation, live: LiveFederation, site: Site): ConditionCode {
  const end = routerEnd(site);
  const said = hubSaid(federation, live);
  if (isHubGatewayDown(federation, live)) return "hub-gateway-down";
  if (end === null || said === null) return "link-unreachable";
  const peer = said.links.peers.find(({ key }) => key === end.key);
  const place = hostOf(peer?.endpoint ?? null);
  // Its last handshake may be young still. One that was heard, and has had none with the hub's new key, has not followed.
  const hasNotFollowed = peer?.age === null && hasHubChanged(federation, site);
  if (place !== null && (hasNotFollowed || knocksInVain(said, place))) return "router-other-key";
  return isAlive(peer ?? { age: null }) ? "router-does-not-pass" : "router-silent";
}

/**
 * Why a VM reaches nothing through its zone's gateway: that does not run or has no tunnel yet, or it has one and does not
 * pass on what it gets. null: the gateway itself says what is wrong with its tunnel.
 */
export function whyNotThroughGateway(live: LiveFederation, site: Site): ConditionCode | null {
  const known = gatewayVm(site);
  const gateway = live.sites.get(site.name)?.vms.get(known?.vmId ?? -1);
  if (gateway === undefined || gateway.state !== "running" || gateway.silent) return "gateway-down";
  if (gateway.stage === "failed") return null;
  switch (gateway.link) {
    case null:
      return "gateway-down";
    case "ok":
      return "gateway-does-not-pass";
    default:
      return null;
  }
}

/** The places from which two machines speak in turn with the VM's key, as far as they were seen; none while it is one. */
export function placesOf(federation: Federation, live: LiveFederation, { tunnelKey }: DeployedVm): readonly string[] {
  const said = hubSaid(federation, live);
  const counts = said?.moves.get(tunnelKey ?? "") ?? [];
  const grown = (counts.at(-1) ?? 0) - (counts[0] ?? 0);
  return grown < MOVES ? [] : [...new Set(said?.paths.get(tunnelKey ?? "") ?? [])];
}

const silentSites = (federation: Federation, live: LiveFederation): number =>
  trainingSitesOf(federation).filter(({ name }) =>
    [...(live.sites.get(name)?.vms.values() ?? [])].some(({ link }) => link === "tunnel-silent"),
  ).length;

/** Nothing while the hub's VM says nothing any more: what it said last is then from before. */
export function hubSaid(federation: Federation, live: LiveFederation): TunnelSaid | null {
  const vm = liveHub(federation, live);
  return vm === undefined || !speaks(vm) ? null : vm.tunnel;
}

const liveHub = (federation: Federation, live: LiveFederation): LiveVm | undefined =>
  live.sites.get(coordinatorOf(federation).name)?.vms.get(hubVm(federation)?.vmId ?? -1);

const speaks = ({ silent, state }: LiveVm): boolean => !silent && state === "running";

/** The hub is a VM before the SuperLink, and that VM does not run, or does not report. */
export function isHubGatewayDown(federation: Federation, live: LiveFederation): boolean {
  const coordinator = coordinatorOf(federation);
  if (coordinator.deployment === null || gatewayPart(coordinator.deployment.plan) === null) return false;
  const hub = liveHub(federation, live);
  return live.sites.has(coordinator.name) && (hub === undefined || !speaks(hub));
}

/** How one VM's tunnel does. */
export interface TunnelState {
  readonly site: SiteName;
  /** null: the zone's own router. */
  readonly vmId: number | null;
  /** Seconds since the newest handshake that either end knows of; null: neither knows of one. */
  readonly age: number | null;
  readonly isAlive: boolean;
}

export function tunnelStates(federation: Federation, live: LiveFederation): readonly TunnelState[] {
  const hub = hubKey(federation);
  const atHub = new Map((hubSaid(federation, live)?.links.peers ?? []).map(({ key, age }) => [key, age]));
  const routers = trainingSitesOf(federation).flatMap((site): readonly TunnelState[] => {
    const end = routerEnd(site);
    const age = end === null ? null : (atHub.get(end.key) ?? null);
    return end === null ? [] : [{ site: site.name, vmId: null, age, isAlive: isAlive({ age }) }];
  });
  const ofVms = trainingSitesOf(federation).flatMap(({ name: site, deployment }) =>
    [...(deployment?.vms.values() ?? [])].flatMap(({ vmId, tunnelKey, gone }): readonly TunnelState[] => {
      if (tunnelKey === null || gone) return [];
      const own = live.sites
        .get(site)
        ?.vms.get(vmId)
        ?.tunnel?.links.peers.find(({ key }) => key === hub)?.age;
      const ages = [own, atHub.get(tunnelKey)].flatMap((age) => age ?? []);
      const age = ages.length === 0 ? null : Math.min(...ages);
      return [{ site, vmId, age, isAlive: isAlive({ age }) }];
    }),
  );
  return [...ofVms, ...routers];
}
