/** Rebooting VMs, one call each. A repeated call reboots again or finds the VM coming up: neither does harm. */
import { decided } from "../federation/model/decision.ts";
import { type SiteName, zoneOf } from "../federation/model/identity.ts";
import { rebootUnderWay } from "../federation/model/reboot.ts";
import type { VmReboot } from "../federation/model/reboot-words.ts";
import type { Federation } from "../federation/model/state.ts";
import { deploymentOf, type Job, type Outcome, record, type TaskContext } from "./task-context.ts";

export async function rebootVm(context: TaskContext, job: Job, place: SiteName, vmId: number): Promise<Outcome> {
  const asked = await intended(context, job, place, vmId);
  if (asked === null) return "done";
  const answer = await context.zone(zoneOf(place)).reboot(vmId, asked.action);
  await record(context, job, place, { type: "reboot-answered", site: place, vmId, answer });
  context.pollHints(zoneOf(place)).pollSoon();
  return "done";
}

/** What the zone is to be asked, journalled; null when it need not be asked any more. */
async function intended(context: TaskContext, job: Job, place: SiteName, vmId: number): Promise<VmReboot | null> {
  const { attempt } = deploymentOf(job, place);
  let open: VmReboot | null = null;
  await context.store.update(job.id, (newest) => {
    open = openReboot(newest, place, attempt, vmId);
    return open === null || open.intended ? decided() : decided({ type: "reboot-intended", site: place, vmId });
  });
  return open;
}

function openReboot({ sites }: Federation, place: SiteName, attempt: number, vmId: number): VmReboot | null {
  const site = sites.get(place);
  if (site === undefined || site.deployment?.attempt !== attempt) return null;
  return rebootUnderWay(site)?.vms.find((vm) => vm.vmId === vmId && vm.answer === null) ?? null;
}
