/** A deployment that is VMs of its own, made one by one where OneFlow is not to hold them. */
import type { FederationEvent } from "../federation/model/events.ts";
import { type SiteName, zoneOf } from "../federation/model/identity.ts";
import { vmsOf } from "../federation/model/plan.ts";
import { authorityOf } from "../federation/model/state.ts";
import { nextTag } from "../federation/observing/observation.ts";
import type { Tagged } from "../federation/observing/snapshot-index.ts";
import { serviceOrder, vmName, vmOrder } from "../federation/proposing/manifest.ts";
import { deploymentOf, type Job, type Outcome, record, siteOf, type TaskContext } from "./task-context.ts";
import { attempt, isOtherAccount, lateAnswer, manifestOf } from "./zone-effect.ts";

/** Makes each VM once, all under one tag; the deployment is created when all of them are there. */
export async function createVms(context: TaskContext, job: Job, place: SiteName): Promise<Outcome> {
  for (let now: Job | null = job; now !== null; now = asItStands(context, job, place)) {
    const { plan, madeVms } = deploymentOf(now, place);
    const outcome = await (madeVms.length < vmsOf(plan) ? makeNext : tellCreated)(context, now, place);
    if (outcome === "later") return "later";
  }
  return "done";
}

/** The newest state, as long as the same attempt still has VMs to be made. */
function asItStands(context: TaskContext, job: Job, place: SiteName): Job | null {
  const federation = context.store.get(job.id);
  const deployment = federation?.sites.get(place)?.deployment;
  const goesOn = deployment?.attempt === deploymentOf(job, place).attempt && deployment.ref === null;
  return federation !== undefined && goesOn && deployment.failure === null ? { id: job.id, federation } : null;
}

async function tellCreated(context: TaskContext, job: Job, place: SiteName): Promise<Outcome> {
  const ref = { kind: "vms" as const, ids: [...deploymentOf(job, place).madeVms] };
  await record(context, job, place, { type: "deployment-created", site: place, ref, found: false });
  context.pollHints(zoneOf(place)).pollSoon();
  return "done";
}

/** One that was intended is looked for first; only when its lost answer can bring nothing any more is it ordered anew. */
async function makeNext(context: TaskContext, job: Job, place: SiteName): Promise<Outcome> {
  const { plan, tag, postponed, intendedVms, madeVms } = deploymentOf(job, place);
  const number = madeVms.length + 1;
  if (tag !== null && !postponed && intendedVms === number) {
    const name = vmName(plan, number);
    const isIt = (one: Tagged): boolean => one.tag === tag && one.name === name && newVmOf(one, madeVms) !== undefined;
    const found = await lateAnswer(context, job, place, isIt);
    if (found === "later") return "later";
    const vmId = found === null ? undefined : newVmOf(found, madeVms);
    if (vmId !== undefined) {
      await record(context, job, place, { type: "vm-created", site: place, vmId, number, found: true });
      return "done";
    }
  }
  return order(context, job, place, number);
}

const newVmOf = ({ ref }: Tagged, madeVms: readonly number[]): number | undefined =>
  ref.kind === "vms" ? ref.ids.find((id) => !madeVms.includes(id)) : undefined;

async function order(context: TaskContext, job: Job, place: SiteName, number: number): Promise<Outcome> {
  const deployment = deploymentOf(job, place);
  const { plan } = deployment;
  const authority = authorityOf(job.federation, plan);
  if (authority === null || isOtherAccount(context, job, place)) return "later";
  const next = nextTag(job.federation, siteOf(job, place), deployment);
  const tag = deployment.tag ?? next.tag;
  const first: readonly FederationEvent[] =
    deployment.tag === null ? [{ type: "deployment-intended", site: place, ...next }] : [];
  const manifest = manifestOf(context, job, deployment);
  const wanted = vmOrder(plan, serviceOrder(plan, manifest, tag, authority.certificate), manifest, number);
  if (!(await record(context, job, place, ...first, { type: "vm-intended", site: place, tag, number }))) return "done";
  const vmId = await attempt(context, job, place, () => context.zone(zoneOf(place)).createVm(wanted), tag);
  if (vmId === null) return "later";
  await record(context, job, place, { type: "vm-created", site: place, vmId, number, found: false });
  return "done";
}
