/** The VM that is the hub of a federation's tunnels. */
import { gatewayVm } from "./gateway.ts";
import { gatewayPart } from "./plan.ts";
import { coordinatorOf, type DeployedVm, type Federation } from "./state.ts";

/** The coordinator's gateway where it has one, as soon as it was found to be what was approved; else the verified SuperLink. */
export function hubVm(federation: Federation): DeployedVm | null {
  const coordinator = coordinatorOf(federation);
  const { deployment } = coordinator;
  if (deployment === null) return null;
  if (gatewayPart(deployment.plan) === null) return deployment.vms.get(federation.verifiedVm ?? -1) ?? null;
  const gateway = gatewayVm(coordinator);
  return gateway?.verified === true ? gateway : null;
}

/** Its key, as far as one counts. */
export const hubKey = (federation: Federation): string | null => hubVm(federation)?.tunnelKey ?? null;
