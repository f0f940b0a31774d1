/** An owner has the tunnel keys of its own end changed, while traffic goes on. */
import type { OnSite } from "../model/commands.ts";
import { type Decision, decided, refuse } from "../model/decision.ts";
import type { DecisionContext } from "../model/policy.ts";
import { isRotationBudgetSpent, rotationUnderWay } from "../model/rotation.ts";
import type { Federation, Site } from "../model/state.ts";
import { hasTerminalFailure } from "../model/terminal-failure.ts";
import { siteOfCard } from "./approval.ts";
import { isOwner } from "./consent.ts";

export function rotateTunnelKeys(federation: Federation, context: DecisionContext, { card, by }: OnSite): Decision {
  const site = siteOfCard(federation, card);
  if (site === null) return refuse("unknown-card");
  if (!isOwner(context, site.name, by)) return refuse("not-an-owner");
  if (federation.ended !== null) return refuse("federation-ended");
  if (federation.teardown !== null) return refuse("teardown-under-way");
  if (rotationUnderWay(site) !== null) return refuse("rotation-under-way");
  const { deployment } = site;
  if (deployment === null || !canRotate(site)) return refuse("nothing-to-rotate");
  if (isRotationBudgetSpent(deployment, context.now)) return refuse("too-many-rotations");
  const number = (deployment.rotations.at(-1)?.number ?? 0) + 1;
  return decided({ type: "tunnel-rotation-asked", site: site.name, by, number, vmIds: rotatable(site) });
}

/** It has been up, so that its ends know each other, and nothing was asked for that would replace its VMs. */
export const canRotate = (site: Site): boolean =>
  site.retryAskedBy === null && rotationUnderWay(site) === null && rotatable(site).length > 0;

function rotatable({ deployment }: Site): readonly number[] {
  if (deployment === null || deployment.upAt === null || hasTerminalFailure(deployment)) return [];
  return [...deployment.vms.values()].flatMap(({ vmId, gone, verified, tunnelKey }) =>
    gone || !verified || tunnelKey === null ? [] : [vmId],
  );
}
