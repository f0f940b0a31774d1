/** The address that training sites dial: chosen once, kept while it is free, never moved under sites that dial it. */
import type { AddressWish, Reason } from "../model/events.ts";
import { isPrivateIpv4 } from "../model/ipv4.ts";
import type { SuperLinkEndpoint } from "../model/plan.ts";
import { FLEET_PORT } from "../model/plan.ts";
import type { DecisionContext } from "../model/policy.ts";
import { coordinatorOf, type Federation, type Site, trainingSitesOf } from "../model/state.ts";
import type { NetworkFacts } from "../model/zone-facts.ts";
import { addressWishOf, hasTunnel, tunnelWishOf } from "../tunnels/crossing.ts";
import { besideIn, chooseRange } from "../tunnels/planner.ts";
import { dialledIn } from "../tunnels/range.ts";
import { isFree, pickAddress } from "./network.ts";

export interface ChosenEndpoint {
  readonly endpoint: SuperLinkEndpoint;
  /** The address to ask for on the coordinator's NIC; null when what is dialled is not in its network. */
  readonly address: string | null;
  /** Where tunnel addresses are from; null without tunnels. */
  readonly range: string | null;
}

export function chosenEndpoint(federation: Federation): ChosenEndpoint {
  if (federation.endpoint === null) throw new Error(`Federation ${federation.id} has no endpoint yet.`);
  return { endpoint: federation.endpoint, address: federation.address, range: federation.tunnelRange };
}

/**
 * @param network the coordinator's
 * @param networks all that were looked at
 * @returns null: the coordinator's network could not be seen, for reasons that are told
 */
export function endpointFor(
  federation: Federation,
  network: NetworkFacts | undefined,
  networks: readonly NetworkFacts[],
  context: DecisionContext,
): ChosenEndpoint | Reason | null {
  if (federation.endpoint !== null) return chosenEndpoint(federation);
  const [tunnels, address] = [tunnelWishOf(federation.crossing), addressWishOf(federation.crossing)];
  const beside = besideIn(federation, context.takenTunnels);
  const range = tunnels === null ? null : chooseRange(tunnels, networks, beside);
  if (range !== null && typeof range !== "string") return range;
  if (address !== null)
    return network === undefined ? null : chooseAddress(federation, address, network, range, context);
  // Its card may have any address.
  return range === null ? null : { endpoint: insideOf(range), address: null, range };
}

/** Inside its tunnels the SuperLink listens where it always does. */
const insideOf = (range: string): SuperLinkEndpoint => ({ host: dialledIn(range), port: FLEET_PORT });

/** What a site's SuperNodes dial; of the coordinator, where it says that it is. */
export const dialledBy = (
  federation: Federation,
  site: Site,
  { endpoint, range }: Pick<ChosenEndpoint, "endpoint" | "range">,
): SuperLinkEndpoint =>
  site.role === "training" && range !== null && hasTunnel(federation, site) ? insideOf(range) : endpoint;

function chooseAddress(
  federation: Federation,
  wish: AddressWish,
  network: NetworkFacts,
  range: string | null,
  context: DecisionContext,
): ChosenEndpoint | Reason {
  const taken = context.takenAddresses.get(coordinatorOf(federation).zone) ?? new Set<string>();
  if (wish.kind === "given") {
    const endpoint = { host: wish.host, port: wish.port };
    const own = network.ranges.length > 0 && isFree({ ...network, leased: [] }, wish.host);
    if (own && (!isFree(network, wish.host) || taken.has(wish.host)))
      return { code: "address-in-use", detail: wish.host };
    return { endpoint, address: own ? wish.host : null, range };
  }
  const refused = new Set([...taken, ...federation.refusedAddresses]);
  // When every other was refused once, one of those may be free by now.
  const address =
    pickAddress(network, refused, federation.id) ??
    pickAddress(network, new Set([...taken, federation.address ?? ""]), federation.id);
  if (address === null) return { code: "no-free-address", detail: network.name };
  if (isPrivateIpv4(address) && !wish.privateIsReachable) return { code: "address-private", detail: address };
  return { endpoint: { host: address, port: wish.port }, address, range };
}

/** The zone has refused it, somebody else has leased it meanwhile, or the coordinator is to be in another network. */
export function addressLost(federation: Federation, site: Site, network: NetworkFacts): boolean {
  if (site.role !== "coordinator" || federation.address === null) return false;
  return isAddressRefused(federation, site) || !isFree(network, federation.address);
}

/** Only one that the bot picked is dropped for that: who gave one by hand wants that one. */
export const isAddressRefused = (
  { crossing, address, refusedAddresses }: Federation,
  { role }: Pick<Site, "role">,
): boolean =>
  role === "coordinator" &&
  addressWishOf(crossing)?.kind === "picked" &&
  address !== null &&
  refusedAddresses.includes(address);

/** The address in place of a lost one. */
export function moveFrom(
  federation: Federation,
  network: NetworkFacts,
  context: DecisionContext,
): ChosenEndpoint | Reason {
  // Sites that run dial the old address, and would have to be created anew to dial another.
  const { endpoint, range } = chosenEndpoint(federation);
  const dialling = trainingSitesOf(federation).some(
    ({ deployment }) => deployment?.plan.endpoint.host === endpoint.host,
  );
  if (dialling) return { code: "address-in-use", detail: endpoint.host };
  const wish = addressWishOf(federation.crossing);
  // A tunnel's addresses are nobody's but the federation's.
  return wish === null ? chosenEndpoint(federation) : chooseAddress(federation, wish, network, range, context);
}
