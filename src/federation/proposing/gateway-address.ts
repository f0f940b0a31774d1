/**
 * The address of a zone's gateway: picked before anybody is asked, because the VMs beside it are told it when they are
 * made, and a part of the plan like any other. The SuperLink's certificate does not name it: VMs dial the hub's address
 * inside, and only what leaves them goes to the gateway. So a site that comes later changes nobody else's plan.
 */
import { gatewayAddressesOf, plansOf } from "../model/gateway.ts";
import { gatewayAddress, gatewayPart } from "../model/plan.ts";
import type { DecisionContext } from "../model/policy.ts";
import type { Federation, Site } from "../model/state.ts";
import type { NetworkFacts } from "../model/zone-facts.ts";
import { isFree, pickAddress } from "./network.ts";

/** The one that it had, as long as that is to be had; null: any, where none is free, which is told as such. */
export function gatewayAddressFor(
  federation: Federation,
  site: Site,
  network: NetworkFacts,
  { takenAddresses }: Pick<DecisionContext, "takenAddresses">,
): string | null {
  const taken = new Set([...(takenAddresses.get(site.zone) ?? []), ...ownAddresses(federation, site)]);
  const refused = refusedAddress(site);
  const had = plannedAddress(site, network);
  if (had !== null && had !== refused && isFree(network, had) && !taken.has(had)) return had;
  const unwanted = new Set([...taken, ...(refused === null ? [] : [refused])]);
  return pickAddress(network, unwanted, `${federation.id} ${site.name} gateway`);
}

/** Those that the federation has, or will have, elsewhere: another of its sites may be in the same network. */
const ownAddresses = (federation: Federation, { name }: Site): readonly string[] => [
  ...(federation.address === null ? [] : [federation.address]),
  ...[...federation.sites.values()].flatMap((other) => (other.name === name ? [] : gatewayAddressesOf(other))),
];

/** Of what is asked, or else of what runs, in the same network. */
function plannedAddress(site: Site, { id }: NetworkFacts): string | null {
  const plan = plansOf(site).find((one) => gatewayPart(one)?.nics[0]?.network.id === id);
  return plan === undefined ? null : gatewayAddress(plan);
}

/** The zone did not lease it, whatever it shows as free. */
function refusedAddress({ deployment }: Site): string | null {
  return deployment?.failure?.reason.code === "address-refused" ? gatewayAddress(deployment.plan) : null;
}
