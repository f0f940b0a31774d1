/** Failures that pass when the site comes up after all, and those that only its owner's retry ends. */
import type { ReasonCode } from "./reasons.ts";
import type { Deployment } from "./state.ts";

/** Failures after which nothing more is signed, admitted or created until an owner retries. */
const TERMINAL: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  "created-differs",
  "false-endpoint",
  "false-authority",
  "false-certificate",
  "wrong-version",
  "deployment-failed",
  "address-refused",
  "no-lease",
  "deployment-vanished",
  "request-malformed",
  "request-signature",
  "request-key",
  "request-foreign-name",
  "request-lacks-name",
]);

export const hasTerminalFailure = ({ failure }: Deployment): boolean =>
  failure !== null && TERMINAL.has(failure.reason.code);
