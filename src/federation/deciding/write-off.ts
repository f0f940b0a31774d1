/** The operator's word that a zone is gone for good. */
import type { WriteOff } from "../model/commands.ts";
import { type Decision, decided, refuse } from "../model/decision.ts";
import type { FederationEvent } from "../model/events.ts";
import type { DecisionContext } from "../model/policy.ts";
import type { Federation } from "../model/state.ts";
import { endWithout } from "./approval.ts";
import { revocations } from "./revocations.ts";
import { teardownByOperator } from "./teardown.ts";

/** Whatever ran in a zone that is gone for good is no longer waited for. Without a coordinator the others are asked to end. */
export function writeOff(federation: Federation, context: DecisionContext, { zone }: WriteOff): Decision {
  const site = federation.sites.get(zone);
  if (site === undefined || (site.approvalState === "excluded" && site.removals.length === 0)) {
    return refuse("nothing-to-write-off");
  }
  const written: FederationEvent = { type: "site-written-off", site: zone };
  const revoked = revocations(federation, zone);
  if (federation.ended !== null || site.role === "training") {
    const ended = federation.ended === null ? endWithout(federation, site) : [];
    return decided(...revoked, written, ...ended);
  }
  return decided(...revoked, written, ...teardownByOperator(federation, zone, context));
}
