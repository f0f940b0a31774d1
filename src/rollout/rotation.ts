/** Changing tunnel keys: what a VM is asked and told. A repeated call says the same again and does no harm. */
import { decided } from "../federation/model/decision.ts";
import type { ZoneName } from "../federation/model/identity.ts";
import { rotationUnderWay } from "../federation/model/rotation.ts";
import { judgeAnnouncement, rotationStep } from "../federation/running/rotation.ts";
import { GIVEN } from "../guest-protocol/names.ts";
import { type Job, type Outcome, record, type TaskContext } from "./task-context.ts";

/** That an owner asked for it was journalled before. */
export async function tellRotation(context: TaskContext, job: Job, zone: ZoneName, vmId: number): Promise<Outcome> {
  const site = job.federation.sites.get(zone);
  const rotation = site === undefined ? null : rotationUnderWay(site);
  if (rotation === null) return "done";
  const { number } = rotation;
  await context.zone(zone).publish(vmId, { [GIVEN.rotateTunnelKey]: String(number) });
  await record(context, job, zone, { type: "tunnel-rotation-told", site: zone, vmId, number });
  context.pollHints(zone).pollSoon();
  return "done";
}

export async function announceTunnelKey(
  { store, live }: TaskContext,
  { id }: Job,
  zone: ZoneName,
  vmId: number,
): Promise<Outcome> {
  await store.update(id, (newest) => decided(...judgeAnnouncement(newest, live(id), zone, vmId)));
  return "done";
}

export async function switchTunnelKey(context: TaskContext, job: Job, zone: ZoneName, vmId: number): Promise<Outcome> {
  const key = await intended(context, job, zone, vmId);
  if (key === null) return "done";
  await context.zone(zone).publish(vmId, { [GIVEN.switchTunnelKey]: key });
  await record(context, job, zone, { type: "tunnel-switch-delivered", site: zone, vmId, key });
  context.pollHints(zone).pollSoon();
  return "done";
}

/** The key that the VM is to take into use, journalled; null when that is not due any more. */
async function intended(context: TaskContext, { id }: Job, zone: ZoneName, vmId: number): Promise<string | null> {
  let key: string | null = null;
  await context.store.update(id, (newest, { now }) => {
    const site = newest.sites.get(zone);
    const vm = site?.deployment?.vms.get(vmId);
    const own = site === undefined ? undefined : rotationUnderWay(site)?.vms.find((one) => one.vmId === vmId);
    const isDue =
      site !== undefined &&
      vm !== undefined &&
      rotationStep(newest, site, vm, context.live(id), now) === "switch-tunnel-key";
    key = isDue ? (own?.next ?? null) : null;
    if (key === null || own?.switched !== "no") return decided();
    return decided({ type: "tunnel-switch-intended", site: zone, vmId, key });
  });
  return key;
}
