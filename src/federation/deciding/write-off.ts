/** The operator's word that a zone is gone for good. */
import type { WriteOff } from "../model/commands.ts";
import { type Decision, decided, refuse } from "../model/decision.ts";
import type { FederationEvent } from "../model/events.ts";
import type { DecisionContext } from "../model/policy.ts";
import type { Federation } from "../model/state.ts";
import { endWithout } from "./approval.ts";
import { revocations } from "./revocations.ts";
import { teardownByOperator } from "./teardown.ts";

/**
 * Whatever ran in a zone that is gone for good is no longer waited for, at none of its sites. Without a coordinator the
 * others are asked to end.
 */
export function writeOff(federation: Federation, context: DecisionContext, { zone }: WriteOff): Decision {
  const gone = [...federation.sites.values()].filter(
    (site) => site.zone === zone && !(site.approvalState === "excluded" && site.removals.length === 0),
  );
  if (gone.length === 0) return refuse("nothing-to-write-off");
  const written = gone.flatMap(({ name }): readonly FederationEvent[] => [
    ...revocations(federation, name),
    { type: "site-written-off", site: name },
  ]);
  if (federation.ended !== null) return decided(...written);
  return gone.some(({ role }) => role === "coordinator")
    ? decided(...written, ...teardownByOperator(federation, zone, context))
    : decided(...written, ...endWithout(federation, gone));
}
