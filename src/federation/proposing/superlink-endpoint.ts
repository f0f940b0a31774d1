/** The address that training sites dial: chosen once, kept while it is free, never moved under sites that dial it. */
import type { Reason } from "../model/events.ts";
import type { SuperLinkEndpoint } from "../model/plan.ts";
import type { DecisionContext } from "../model/policy.ts";
import { coordinatorOf, type Federation, type Site, trainingSitesOf } from "../model/state.ts";
import type { NetworkFacts } from "../model/zone-facts.ts";
import { isFree, isPrivateIpv4, pickAddress } from "./network.ts";

export interface ChosenEndpoint {
  readonly endpoint: SuperLinkEndpoint;
  /** The address to ask for on the coordinator's NIC; null when what is dialled is not in its network. */
  readonly address: string | null;
}

export function chosenEndpoint(federation: Federation): ChosenEndpoint {
  if (federation.endpoint === null) throw new Error(`Federation ${federation.id} has no endpoint yet.`);
  return { endpoint: federation.endpoint, address: federation.address };
}

/** null: the coordinator's network could not be seen, for reasons that are told. */
export function endpointFor(
  federation: Federation,
  network: NetworkFacts | undefined,
  context: DecisionContext,
): ChosenEndpoint | Reason | null {
  if (federation.endpoint !== null) return chosenEndpoint(federation);
  return network === undefined ? null : chooseEndpoint(federation, network, context);
}

function chooseEndpoint(
  federation: Federation,
  network: NetworkFacts,
  context: DecisionContext,
): ChosenEndpoint | Reason {
  const wish = federation.addressWish;
  const taken = context.takenAddresses.get(coordinatorOf(federation).zone) ?? new Set<string>();
  if (wish.kind === "given") {
    const endpoint = { host: wish.host, port: wish.port };
    const own = network.ranges.length > 0 && isFree({ ...network, leased: [] }, wish.host);
    if (own && (!isFree(network, wish.host) || taken.has(wish.host)))
      return { code: "address-in-use", detail: wish.host };
    return { endpoint, address: own ? wish.host : null };
  }
  const refused = new Set([...taken, ...federation.refusedAddresses]);
  // When every other was refused once, one of those may be free by now.
  const address =
    pickAddress(network, refused, federation.id) ??
    pickAddress(network, new Set([...taken, federation.address ?? ""]), federation.id);
  if (address === null) return { code: "no-free-address", detail: network.name };
  if (isPrivateIpv4(address) && !wish.privateIsReachable) return { code: "address-private", detail: address };
  return { endpoint: { host: address, port: wish.port }, address };
}

/** The zone has refused it, somebody else has leased it meanwhile, or the coordinator is to be in another network. */
export function addressLost(federation: Federation, site: Site, network: NetworkFacts): boolean {
  if (site.role !== "coordinator" || federation.address === null) return false;
  return isAddressRefused(federation, site) || !isFree(network, federation.address);
}

/** Only one that the bot picked is dropped for that: who gave one by hand wants that one. */
export const isAddressRefused = (
  { addressWish, address, refusedAddresses }: Federation,
  { role }: Pick<Site, "role">,
): boolean =>
  role === "coordinator" && addressWish.kind === "picked" && address !== null && refusedAddresses.includes(address);

/** The address in place of a lost one. */
export function moveFrom(
  federation: Federation,
  network: NetworkFacts,
  context: DecisionContext,
): ChosenEndpoint | Reason {
  // Sites that run dial the old address, and would have to be created anew to dial another.
  const dialling = trainingSitesOf(federation).some(({ deployment }) => deployment !== null);
  return dialling
    ? { code: "address-in-use", detail: chosenEndpoint(federation).endpoint.host }
    : chooseEndpoint(federation, network, context);
}
