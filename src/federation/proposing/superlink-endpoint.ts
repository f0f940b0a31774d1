/** The address that training sites dial: settled once, kept while it is free, never moved under sites that dial it. */
import type { Reason } from "../model/events.ts";
import type { SuperLinkEndpoint } from "../model/plan.ts";
import type { DecisionContext } from "../model/policy.ts";
import { coordinatorOf, type Federation, type Site, trainingSitesOf } from "../model/state.ts";
import type { NetworkFacts } from "../model/zone-facts.ts";
import { isFree, isPrivateIpv4, pickAddress } from "./network.ts";

export interface ChosenEndpoint {
  readonly dialled: SuperLinkEndpoint;
  /** The address to ask for on the coordinator's NIC; null when what is dialled is not in its network. */
  readonly address: string | null;
}

export function chosenEndpoint(federation: Federation): ChosenEndpoint {
  if (federation.dialled === null) throw new Error(`Federation ${federation.id} has no dialled address yet.`);
  return { dialled: federation.dialled, address: federation.address };
}

/** null: the coordinator's network could not be seen, for reasons that are told. */
export function addressFor(
  federation: Federation,
  network: NetworkFacts | undefined,
  context: DecisionContext,
): ChosenEndpoint | Reason | null {
  if (federation.dialled !== null) return chosenEndpoint(federation);
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
    const dialled = { host: wish.host, port: wish.port };
    const own = network.ranges.length > 0 && isFree({ ...network, leased: [] }, wish.host);
    if (own && (!isFree(network, wish.host) || taken.has(wish.host)))
      return { code: "address-in-use", detail: wish.host };
    return { dialled, address: own ? wish.host : null };
  }
  const address = pickAddress(network, taken, federation.id);
  if (address === null) return { code: "no-free-address", detail: network.name };
  if (isPrivateIpv4(address) && !wish.privateIsReachable) return { code: "address-private", detail: address };
  return { dialled: { host: address, port: wish.port }, address };
}

/** Somebody else has leased it meanwhile, or the coordinator is to be in another network. */
export function addressLost(federation: Federation, site: Site, network: NetworkFacts): boolean {
  return site.role === "coordinator" && federation.address !== null && !isFree(network, federation.address);
}

/** The address in place of a lost one. */
export function moveFrom(
  federation: Federation,
  network: NetworkFacts,
  context: DecisionContext,
): ChosenEndpoint | Reason {
  // Sites that run dial the old address, and would have to be created anew to dial another.
  const dialling = trainingSitesOf(federation).some(({ run }) => run !== null);
  return dialling
    ? { code: "address-in-use", detail: chosenEndpoint(federation).dialled.host }
    : chooseEndpoint(federation, network, context);
}
