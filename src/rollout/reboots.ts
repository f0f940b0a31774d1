/** Rebooting VMs, one call each. A repeated call reboots again or finds the VM coming up: neither does harm. */
import { decided } from "../federation/model/decision.ts";
import type { ZoneName } from "../federation/model/identity.ts";
import { rebootUnderWay } from "../federation/model/reboot.ts";
import type { VmReboot } from "../federation/model/reboot-words.ts";
import type { Federation } from "../federation/model/state.ts";
import { deploymentOf, type Job, type Outcome, record, type TaskContext } from "./task-context.ts";

export async function rebootVm(context: TaskContext, job: Job, zone: ZoneName, vmId: number): Promise<Outcome> {
  const asked = await intended(context, job, zone, vmId);
  if (asked === null) return "done";
  const answer = await context.zone(zone).reboot(vmId, asked.action);
  await record(context, job, zone, { type: "reboot-answered", site: zone, vmId, answer });
  context.pollHints(zone).pollSoon();
  return "done";
}

/** What the zone is to be asked, journalled; null when it need not be asked any more. */
async function intended(context: TaskContext, job: Job, zone: ZoneName, vmId: number): Promise<VmReboot | null> {
  const { attempt } = deploymentOf(job, zone);
  let open: VmReboot | null = null;
  await context.store.update(job.id, (newest) => {
    open = openReboot(newest, zone, attempt, vmId);
    return open === null || open.intended ? decided() : decided({ type: "reboot-intended", site: zone, vmId });
  });
  return open;
}

function openReboot({ sites }: Federation, zone: ZoneName, attempt: number, vmId: number): VmReboot | null {
  const site = sites.get(zone);
  if (site === undefined || site.deployment?.attempt !== attempt) return null;
  return rebootUnderWay(site)?.vms.find((vm) => vm.vmId === vmId && vm.answer === null) ?? null;
}
