/** A VM of a zone as that site's one end of the tunnels. */
import { gatewayAddress, type SitePlan } from "./plan.ts";
import { currentProposal, type DeployedVm, type Site } from "./state.ts";

/** What is asked of its owners, and what runs. */
export const plansOf = (site: Site): readonly SitePlan[] =>
  [currentProposal(site)?.plan, site.deployment?.plan].flatMap((plan) => plan ?? []);

/** The addresses that its plans have for a gateway. */
export const gatewayAddressesOf = (site: Site): readonly string[] => [
  ...new Set(plansOf(site).flatMap((plan) => gatewayAddress(plan) ?? [])),
];

/** The VM that is its gateway now, as far as it has come. */
export const gatewayVm = ({ deployment }: Pick<Site, "deployment">): DeployedVm | null =>
  [...(deployment?.vms.values() ?? [])].findLast(({ seen, gone }) => seen.part === "gateway" && !gone) ?? null;
