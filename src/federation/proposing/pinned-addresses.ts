/**
 * The addresses of a gateway, and of the SuperLink behind one: picked before anybody is asked, because the VMs beside it
 * are told them when they are made, and parts of the plan like any other. The SuperLink's certificate has to name neither:
 * sites dial the hub's address inside. So a site that comes later changes nobody else's plan.
 */
import { addressesAskedFor, addressesRefused, plansOf } from "../model/gateway.ts";
import type { PartName } from "../model/plan.ts";
import type { DecisionContext } from "../model/policy.ts";
import type { Federation, Site } from "../model/state.ts";
import type { NetworkFacts } from "../model/zone-facts.ts";
import { isFree, pickAddress } from "./network.ts";

export interface PinnedAddresses {
  readonly gateway: string;
  /** Of the SuperLink behind it; null: SuperNodes may have any. */
  readonly superlink: string | null;
}

/**
 * Those that they had, as long as they are to be had. null: too few are free.
 * @param dialled the SuperLink's address where sites dial it in this network
 */
export function pinnedAddresses(
  federation: Federation,
  site: Site,
  network: NetworkFacts,
  { takenAddresses }: Pick<DecisionContext, "takenAddresses">,
  dialled: string | null,
): PinnedAddresses | null {
  const taken = [
    ...(takenAddresses.get(site.zone) ?? []),
    ...ownAddresses(federation, site),
    ...addressesRefused(site),
    ...(dialled === null ? [] : [dialled]),
  ];
  const pick = (part: PartName, beside: readonly string[]): string | null => {
    const unwanted = new Set([...taken, ...beside]);
    const had = plannedAddress(site, part, network);
    if (had !== null && isFree(network, had) && !unwanted.has(had)) return had;
    return pickAddress(network, unwanted, `${federation.id} ${site.name} ${part}`);
  };
  const gateway = pick("gateway", []);
  if (gateway === null || site.role === "training") return gateway === null ? null : { gateway, superlink: null };
  const superlink = dialled ?? pick("superlink", [gateway]);
  return superlink === null ? null : { gateway, superlink };
}

/** Those that the federation has, or will have, elsewhere: another of its sites may be in the same network. */
const ownAddresses = (federation: Federation, { name, role }: Site): readonly string[] => [
  ...(federation.address === null || role === "coordinator" ? [] : [federation.address]),
  ...[...federation.sites.values()].flatMap((other) => (other.name === name ? [] : addressesAskedFor(other))),
];

/** Of what is asked, or else of what runs, in the same network. */
function plannedAddress(site: Site, name: PartName, { id }: NetworkFacts): string | null {
  const nics = plansOf(site).flatMap(({ parts }) => parts.find((part) => part.name === name)?.nics[0] ?? []);
  return nics.find(({ network }) => network.id === id)?.address ?? null;
}
