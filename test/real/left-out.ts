import { missingForRealGuests } from "../../sandbox/hypervisor/real/requirements.ts";

/**
 * Why tests with real Flower are left out on this machine, or false. The test runner shows it beside each.
 * @param more what else is missing, for tests that need more than real guests do
 * @throws Error where leaving out is failing, which CI=true says
 */
export async function leftOut(more: readonly string[] = []): Promise<string | false> {
  const missing = [...(await missingForRealGuests()), ...more];
  if (missing.length === 0) return false;
  const reason = `left out, because this is missing: ${missing.join("; ")}`;
  if (process.env["CI"] === "true") throw new Error(`Tests with real Flower are ${reason}`);
  return reason;
}
