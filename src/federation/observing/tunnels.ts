/** What both ends of a federation's tunnels say, held together. All of it is claims, and lives in memory only. */
import { parseAddress } from "../../guest-protocol/address.ts";
import { decodeTunnelLinks, type TunnelLinks } from "../../guest-protocol/tunnel.ts";
import type { ConditionCode } from "../model/conditions.ts";
import type { ZoneName } from "../model/identity.ts";
import { coordinatorOf, type DeployedVm, type Federation, type Site, trainingSitesOf } from "../model/state.ts";
import { hubKey } from "../tunnels/peers.ts";
import type { LiveFederation } from "./live.ts";

/** What an end said last, and what it had said before that, so that it can be seen what grows. */
export interface TunnelSaid {
  readonly text: string;
  readonly links: TunnelLinks;
  readonly before: TunnelLinks | null;
  /** By key, from where the peer spoke, as was said the last few times; newest last. */
  readonly paths: ReadonlyMap<string, readonly string[]>;
}

/** Words of an end that are remembered, and changes of place in these that no translating router makes. */
const REMEMBERED = 6;
const MOVES = 4;

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
  return { text, links, before: before?.links ?? null, paths: new Map(paths) };
}

/** Seconds without a handshake that only a tunnel has that carries nothing: a healthy one renews after 120 and a keepalive. */
const SILENT_AFTER = 180;

const isAlive = ({ age }: { readonly age: number | null }): boolean => age !== null && age <= SILENT_AFTER;

/** Attempts between two words of the hub that are no coincidence: an end that is not answered tries every 5 s. */
const KNOCKS = 2;

const hostOf = (endpoint: string | null): string | null => {
  const parsed = endpoint === null ? null : parseAddress(endpoint);
  return parsed?.ok ? parsed.value.host.value : null;
};

/** The addresses from which somebody tries whom the hub does not answer. */
function inVain({ links, before }: TunnelSaid): ReadonlySet<string> {
  const answered = new Set(links.peers.filter(isAlive).map(({ endpoint }) => hostOf(endpoint)));
  const earlier = new Map((before?.knocks ?? []).map(({ from, count }) => [from, count]));
  const growing = links.knocks.filter(({ from, count }) => count - (earlier.get(from) ?? 0) >= KNOCKS);
  return new Set(growing.map(({ from }) => from).filter((from) => !answered.has(from)));
}

/**
 * Why the hub does not answer a site's VM, as far as both ends together show it: nothing of it arrives there, or it
 * arrives and is not answered. Many VMs may be behind one address, so that where others of the site are heard, or
 * several sites are silent at once, nothing more than silence is said.
 */
export function whySilent(federation: Federation, live: LiveFederation, site: Site, vm: DeployedVm): ConditionCode {
  const said = hubSaid(federation, live);
  if (said === null || said.before === null) return "link-tunnel-silent";
  const peers = new Map(said.links.peers.map((peer) => [peer.key, peer]));
  const keys = [...(site.deployment?.vms.values() ?? [])].flatMap(({ tunnelKey }) => tunnelKey ?? []);
  if (keys.some((key) => isAlive(peers.get(key) ?? { age: null }))) return "link-tunnel-silent";
  const knocking = inVain(said);
  const known = hostOf(peers.get(vm.tunnelKey ?? "")?.endpoint ?? null);
  if (known !== null && knocking.has(known)) return "tunnel-unanswered";
  if (knocking.size === 0) return "tunnel-unheard";
  return known === null && silentSites(federation, live) === 1 ? "tunnel-unanswered" : "link-tunnel-silent";
}

/** The places from which two machines speak in turn with the VM's key; none while it is one machine. */
export function placesOf(federation: Federation, live: LiveFederation, { tunnelKey }: DeployedVm): readonly string[] {
  const path = hubSaid(federation, live)?.paths.get(tunnelKey ?? "") ?? [];
  const moves = path.filter((place, nth) => nth > 0 && place !== path[nth - 1]).length;
  const places = new Set(path);
  // Whoever moves on does not come back: a copy and the original take turns.
  return moves >= MOVES && places.size < moves ? [...places] : [];
}

const silentSites = (federation: Federation, live: LiveFederation): number =>
  trainingSitesOf(federation).filter(({ zone }) =>
    [...(live.sites.get(zone)?.vms.values() ?? [])].some(({ link }) => link === "tunnel-silent"),
  ).length;

/** Nothing while the hub's VM says nothing any more: what it said last is then from before. */
function hubSaid(federation: Federation, live: LiveFederation): TunnelSaid | null {
  const vm = live.sites.get(coordinatorOf(federation).zone)?.vms.get(federation.verifiedVm ?? -1);
  return vm === undefined || vm.silent || vm.state !== "running" ? null : vm.tunnel;
}

/** How one VM's tunnel does. */
export interface TunnelState {
  readonly site: ZoneName;
  readonly vmId: number;
  /** Seconds since the newest handshake that either end knows of; null: neither knows of one. */
  readonly age: number | null;
  readonly isAlive: boolean;
}

export function tunnelStates(federation: Federation, live: LiveFederation): readonly TunnelState[] {
  const hub = hubKey(federation);
  const atHub = new Map((hubSaid(federation, live)?.links.peers ?? []).map(({ key, age }) => [key, age]));
  return trainingSitesOf(federation).flatMap(({ zone: site, deployment }) =>
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
}
