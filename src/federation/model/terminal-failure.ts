/** Failures that pass when the site comes up after all, and those that only its owner's retry ends. */
import type { ReasonCode } from "./reasons.ts";
import type { Run } from "./state.ts";

/** Failures after which nothing more is signed, admitted or created until an owner retries. */
const TERMINAL: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  "created-differs",
  "false-endpoint",
  "false-authority",
  "false-certificate",
  "wrong-version",
  "deployment-failed",
  "service-vanished",
  "request-malformed",
  "request-signature",
  "request-key",
  "request-foreign-name",
  "request-lacks-name",
]);

export const hasTerminalFailure = (run: Run): boolean => run.failure !== null && TERMINAL.has(run.failure.reason.code);
