/** Rebooting a site's VMs: what it can cure, and what came of asking for it. Disks, keys and certificates stay. */
import { type ConditionCode, isOfZone } from "./conditions.ts";
import type { EventOf } from "./events.ts";
import type { Reboot, RebootAction, RebootOutcome, VmReboot } from "./reboot-words.ts";
import type { Deployment, Federation, Site } from "./state.ts";
import { conditionsOf } from "./status.ts";
import { hasTerminalFailure } from "./terminal-failure.ts";

/** Reboots of one deployment within an hour: what they have not cured by then needs something else. */
const MAX_REBOOTS = 3;
const HOUR = 3_600_000;

/**
 * What is wrong with a VM and can be cured by a reboot, and how. Whatever is wrong with its host, its template, its
 * network, its clock or its keys is still so afterwards.
 */
const CURES: ReadonlyMap<ConditionCode, { readonly action: RebootAction; readonly once: "any" | "served" }> = new Map([
  ["vm-stopped", { action: "resume", once: "any" }],
  ["vm-silent", { action: "reset", once: "any" }],
  // What never served on this VM would fail again in the same way.
  ["guest-agent-error", { action: "restart", once: "served" }],
  ["guest-flower-exits", { action: "restart", once: "served" }],
  ["guest-own-handshake-failed", { action: "restart", once: "served" }],
  ["guest-port-taken", { action: "restart", once: "served" }],
]);

export const isCuredByReboot = (code: ConditionCode): boolean => CURES.has(code);

/** VMs of the site that a reboot could cure now, each with what it takes; the newest that is known of a VM counts. */
export function rebootable(federation: Federation, site: Site): ReadonlyMap<number, RebootAction> {
  const { deployment, name } = site;
  const conditions = conditionsOf(federation, name);
  const unseen = conditions.some(({ subject, code }) => subject.kind === "zone" && isOfZone(code));
  if (deployment === null || hasTerminalFailure(deployment) || unseen) return new Map();
  const found = new Map<number, RebootAction>();
  for (const { code, vmIds } of conditions) {
    const cure = CURES.get(code);
    if (cure === undefined) continue;
    for (const vmId of vmIds) {
      if (cure.once === "any" || hasServed(federation, deployment, vmId)) found.set(vmId, cure.action);
    }
  }
  return found;
}

/** A gateway serves with its key. */
function hasServed({ verifiedVm }: Federation, { vms }: Deployment, vmId: number): boolean {
  const vm = vms.get(vmId);
  return vmId === verifiedVm || vm?.wasOnline === true || (vm?.seen.part === "gateway" && vm.tunnelKey !== null);
}

export function rebootUnderWay({ deployment }: Pick<Site, "deployment">): Reboot | null {
  const last = deployment?.reboots.at(-1) ?? null;
  return last === null || last.outcome !== null ? null : last;
}

/** As often as may be within the hour. */
export const isRebootBudgetSpent = ({ reboots }: Deployment, now: string): boolean =>
  reboots.filter(({ askedAt }) => Date.parse(now) - Date.parse(askedAt) < HOUR).length >= MAX_REBOOTS;

/** What has come of the reboot by now; null while that is open. `limit`: milliseconds that it may take. */
export function outcomeOf(
  federation: Federation,
  site: Site,
  { vms, askedAt }: Reboot,
  now: string,
  limit: number,
): RebootOutcome | null {
  const wanting = rebootable(federation, site);
  const answered = vms.every(({ answer }) => answer !== null);
  if (answered && vms.every(({ answer }) => answer !== "taken")) return "not-taken";
  if (answered && vms.every(({ vmId }) => !wanting.has(vmId))) return "well";
  if (Date.parse(now) - Date.parse(askedAt) <= limit) return null;
  return answered ? "no-help" : "unanswered";
}

export type RebootEvent = EventOf<"reboot-asked" | "reboot-intended" | "reboot-answered" | "reboot-ended">;

export function evolveReboots(deployment: Deployment, event: RebootEvent, at: string): Deployment {
  if (event.type === "reboot-asked") {
    const vms = event.vms.map(({ vmId, action }): VmReboot => ({ vmId, action, intended: false, answer: null }));
    const asked: Reboot = { askedBy: event.by, askedAt: at, vms, outcome: null };
    return { ...deployment, reboots: [...deployment.reboots, asked].slice(-MAX_REBOOTS) };
  }
  const last = deployment.reboots.at(-1);
  if (last === undefined) return deployment;
  return { ...deployment, reboots: [...deployment.reboots.slice(0, -1), rebootAfter(last, event)] };
}

function rebootAfter(reboot: Reboot, event: Exclude<RebootEvent, { type: "reboot-asked" }>): Reboot {
  switch (event.type) {
    case "reboot-intended":
      return withVm(reboot, event.vmId, { intended: true });
    case "reboot-answered":
      return withVm(reboot, event.vmId, { answer: event.answer });
    case "reboot-ended":
      return { ...reboot, outcome: event.outcome };
  }
}

const withVm = (reboot: Reboot, vmId: number, change: Partial<VmReboot>): Reboot => ({
  ...reboot,
  vms: reboot.vms.map((vm) => (vm.vmId === vmId ? { ...vm, ...change } : vm)),
});
