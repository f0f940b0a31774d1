/** The one door for what people ask: command in, events out, or a refusal. */
import type { Command } from "../model/commands.ts";
import { type Decision, decided, NOTHING, type Refused } from "../model/decision.ts";
import type { EventOf } from "../model/events.ts";
import { refusalKey } from "../model/evolve.ts";
import type { DecisionContext } from "../model/policy.ts";
import type { RefusalCode } from "../model/reasons.ts";
import type { Federation } from "../model/state.ts";
import { giveConsent, refuseConsent, withdrawConsent } from "./approval.ts";
import { askPreflightAgain, cancelRequest, requestSite, retireSite, retrySite } from "./lifecycle.ts";
import { giveAuthority, giveCertificate } from "./organisation.ts";
import { rebootSite } from "./reboot.ts";
import { rotateTunnelKeys } from "./rotation.ts";
import { giveRouterKey } from "./router-key.ts";
import { agreeTeardown, askTeardown, stopCoordinatorSoon, withdrawTeardown } from "./teardown.ts";
import { goOn } from "./term.ts";
import { writeOff } from "./write-off.ts";

/** Commands that are decided without a look at a zone; an adjustment needs one and is decided in `proposing/`. */
export type DirectCommand = Exclude<Command, { kind: "adjust" }>;

export function decide(federation: Federation, command: DirectCommand, context: DecisionContext): Decision {
  if (wasAccepted(federation, command)) return NOTHING;
  return withRecord(federation, command, carriedOut(federation, command, context));
}

/** The same delivery again: it changes nothing. */
export const wasAccepted = (federation: Federation, { key }: Pick<Command, "key">): boolean =>
  federation.commandKeys.includes(key);

/** What was decided, and that it was asked: what was accepted says by whom, and so does a refusal that matters. */
export function withRecord(federation: Federation, command: Command, decision: Decision): Decision {
  if (!decision.ok) return withRefusal(federation, command, decision);
  if (decision.events.length === 0) return decision;
  const { kind, by, key } = command;
  return decided({ type: "command-accepted", kind, by, key }, ...decision.events);
}

/** Refusals that matter later: somebody tried what is not theirs to do. */
const RECORDED: ReadonlySet<RefusalCode> = new Set<RefusalCode>(["not-an-owner", "not-the-requester", "not-the-asker"]);
/** Strangers who click for a year leave no more than these. */
const MAX_RECORDED = 100;

function withRefusal(federation: Federation, command: Command, refused: Refused): Refused {
  const { kind, by, key } = command;
  if (by === null || !RECORDED.has(refused.refusal)) return refused;
  if (federation.refusals.size >= MAX_RECORDED || federation.refusals.has(refusalKey({ by, kind }))) return refused;
  const card = "card" in command ? command.card : null;
  const event: EventOf<"command-refused"> = { type: "command-refused", kind, by, key, card, code: refused.refusal };
  return { ...refused, events: [event] };
}

function carriedOut(federation: Federation, command: DirectCommand, context: DecisionContext): Decision {
  switch (command.kind) {
    case "approve":
      return giveConsent(federation, context, command);
    case "reject":
      return refuseConsent(federation, context, command);
    case "withdraw":
      return withdrawConsent(federation, context, command);
    case "request-site":
      return requestSite(federation, context, command);
    case "give-authority":
      return giveAuthority(federation, context, command);
    case "give-certificate":
      return giveCertificate(federation, context, command);
    case "give-router-key":
      return giveRouterKey(federation, context, command);
    case "write-off":
      return writeOff(federation, context, command);
    case "cancel":
      return cancelRequest(federation, context, { ...command, kind: "cancel" });
    case "check-again":
      return askPreflightAgain(federation, context, { ...command, kind: "check-again" });
    case "ask-teardown":
      return askTeardown(federation, context, { ...command, kind: "ask-teardown" });
    case "withdraw-teardown":
      return withdrawTeardown(federation, context, { ...command, kind: "withdraw-teardown" });
    case "retry":
      return retrySite(federation, context, { ...command, kind: "retry" });
    case "reboot":
      return rebootSite(federation, context, { ...command, kind: "reboot" });
    case "rotate-tunnel-keys":
      return rotateTunnelKeys(federation, context, { ...command, kind: "rotate-tunnel-keys" });
    case "retire":
      return retireSite(federation, context, { ...command, kind: "retire" });
    case "agree-teardown":
      return agreeTeardown(federation, context, { ...command, kind: "agree-teardown" });
    case "go-on":
      return goOn(federation, context, { ...command, kind: "go-on" });
    case "stop-coordinator":
      return stopCoordinatorSoon(federation, context, { ...command, kind: "stop-coordinator" });
  }
}
