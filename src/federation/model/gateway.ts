/** A VM of a zone as that site's one end of the tunnels. */
import type { SitePlan } from "./plan.ts";
import { currentProposal, type DeployedVm, type Site } from "./state.ts";

/** What is asked of its owners, and what runs. */
export const plansOf = (site: Site): readonly SitePlan[] =>
  [currentProposal(site)?.plan, site.deployment?.plan].flatMap((plan) => plan ?? []);

const addressesIn = ({ parts }: SitePlan): readonly string[] =>
  parts.flatMap(({ nics }) => nics.flatMap(({ address }) => address ?? []));

/** The addresses that its plans ask the zone for. */
export const addressesAskedFor = (site: Site): readonly string[] => [...new Set(plansOf(site).flatMap(addressesIn))];

/** Those that its zone did not lease once, whatever it shows as free. */
export const addressesRefused = ({ deployment }: Site): readonly string[] =>
  deployment?.failure?.reason.code === "address-refused" ? addressesIn(deployment.plan) : [];

/** The VM that is its gateway now, as far as it has come: the first that is what was approved, until that is gone. */
export function gatewayVm({ deployment }: Pick<Site, "deployment">): DeployedVm | null {
  const gateways = [...(deployment?.vms.values() ?? [])].filter(({ seen, gone }) => seen.part === "gateway" && !gone);
  return gateways.find(({ verified }) => verified) ?? gateways.at(-1) ?? null;
}
