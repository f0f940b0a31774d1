/** What people can ask for; `commands.ts` says what belongs to each. */
import { z } from "zod";

export const commandKind = z.enum([
  "approve",
  "reject",
  "withdraw",
  "adjust",
  "cancel",
  "check-again",
  "request-site",
  "retry",
  "reboot",
  "rotate-tunnel-keys",
  "retire",
  "ask-teardown",
  "withdraw-teardown",
  "agree-teardown",
  "stop-coordinator",
  "go-on",
  "give-authority",
  "give-certificate",
  "write-off",
  "give-router-key",
]);
