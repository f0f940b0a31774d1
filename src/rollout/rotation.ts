/** Changing tunnel keys: what a VM is asked and told. A repeated call says the same again and does no harm. */
import { decided } from "../federation/model/decision.ts";
import { type SiteName, zoneOf } from "../federation/model/identity.ts";
import { rotationUnderWay } from "../federation/model/rotation.ts";
import { judgeAnnouncement, rotationStep } from "../federation/running/rotation.ts";
import { GIVEN } from "../guest-protocol/names.ts";
import { type Job, type Outcome, record, type TaskContext } from "./task-context.ts";

/** That an owner asked for it was journalled before. */
export async function tellRotation(context: TaskContext, job: Job, place: SiteName, vmId: number): Promise<Outcome> {
  const site = job.federation.sites.get(place);
  const rotation = site === undefined ? null : rotationUnderWay(site);
  if (rotation === null) return "done";
  const { number } = rotation;
  await context.zone(zoneOf(place)).publish(vmId, { [GIVEN.rotateTunnelKey]: String(number) });
  await record(context, job, place, { type: "tunnel-rotation-told", site: place, vmId, number });
  context.pollHints(zoneOf(place)).pollSoon();
  return "done";
}

export async function announceTunnelKey(
  { store, live }: TaskContext,
  { id }: Job,
  place: SiteName,
  vmId: number,
): Promise<Outcome> {
  await store.update(id, (newest) => decided(...judgeAnnouncement(newest, live(id), place, vmId)));
  return "done";
}

export async function switchTunnelKey(context: TaskContext, job: Job, place: SiteName, vmId: number): Promise<Outcome> {
  const key = await intended(context, job, place, vmId);
  if (key === null) return "done";
  await context.zone(zoneOf(place)).publish(vmId, { [GIVEN.switchTunnelKey]: key });
  await record(context, job, place, { type: "tunnel-switch-delivered", site: place, vmId, key });
  context.pollHints(zoneOf(place)).pollSoon();
  return "done";
}

/** The key that the VM is to take into use, journalled; null when that is not due any more. */
async function intended(context: TaskContext, { id }: Job, place: SiteName, vmId: number): Promise<string | null> {
  let key: string | null = null;
  await context.store.update(id, (newest, { now }) => {
    const site = newest.sites.get(place);
    const vm = site?.deployment?.vms.get(vmId);
    const own = site === undefined ? undefined : rotationUnderWay(site)?.vms.find((one) => one.vmId === vmId);
    const isDue =
      site !== undefined &&
      vm !== undefined &&
      rotationStep(newest, site, vm, context.live(id), now) === "switch-tunnel-key";
    key = isDue ? (own?.next ?? null) : null;
    if (key === null || own?.switched !== "no") return decided();
    return decided({ type: "tunnel-switch-intended", site: place, vmId, key });
  });
  return key;
}
