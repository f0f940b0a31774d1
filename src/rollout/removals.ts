/** Ending what ran in a zone, and proving that it has ended. */
import { decided } from "../federation/model/decision.ts";
import type { DeploymentRef } from "../federation/model/deployment-reference.ts";
import type { ZoneName } from "../federation/model/identity.ts";
import type { Removal } from "../federation/model/state.ts";
import { ZoneError, type ZoneSnapshot } from "../federation/model/zone-facts.ts";
import { isAnswerFor } from "../federation/observing/live.ts";
import { indexOf } from "../federation/observing/snapshot-index.ts";
import { zoneReason } from "../federation/proposing/preflight.ts";
import { type Job, type Outcome, siteOf, type TaskContext } from "./task-context.ts";

/** Milliseconds: a service that is being ended is asked again so late. */
const ASK_AGAIN = 30_000;

interface Progress {
  /** Monotonic milliseconds. */
  readonly askedAt: number | null;
  /** When the service was first found gone, ISO 8601: VMs it left behind are in looks that are later. */
  readonly goneSince: string | null;
  /** VMs that the zone has proven to be done, which stays so. */
  readonly done: Set<number>;
}

/** Remembers what was asked, so that a removal costs a call or two and shares the poller's looks. */
export class Removals {
  readonly #progress = new Map<string, Progress>();

  /**
   * Ends a service and every VM of it. OneFlow's answer proves nothing about VMs, and recovering a failed deployment
   * leaves some behind: they are found by the service they name and ended one by one.
   */
  async remove(context: TaskContext, job: Job, zone: ZoneName, key: string): Promise<Outcome> {
    const removal = siteOf(job, zone).removals.find((candidate) => candidate.key === key);
    if (removal === undefined) return "done";
    try {
      const { ref } = removal;
      if (ref === null) return await settleIntent(context, job, zone, removal);
      if (!(await this.#end(context, job, zone, removal, ref))) {
        await tellDelay(context, job, zone, key, null);
        context.pollHints(zone).pollSoon();
        return "later";
      }
    } catch (error) {
      await tellDelay(context, job, zone, key, error);
      throw error;
    }
    this.#progress.delete(nameOf(job, zone, key));
    await removed(context, job, zone, key);
    return "done";
  }

  /** Whether nothing is left. */
  async #end(context: TaskContext, job: Job, zone: ZoneName, removal: Removal, ref: DeploymentRef): Promise<boolean> {
    const name = nameOf(job, zone, removal.key);
    const known = this.#progress.get(name) ?? { askedAt: null, goneSince: null, done: new Set<number>() };
    const latest = freshLook(context, zone, removal);
    if (known.goneSince === null) {
      if (known.askedAt !== null && performance.now() - known.askedAt < ASK_AGAIN && isListed(latest, ref))
        return false;
      const service = await context.zone(zone).service(ref.id);
      if (service === "unproven") return false;
      if (service !== "gone" && service.state !== "done") {
        await context.zone(zone).removeService(ref.id);
        this.#progress.set(name, { ...known, askedAt: performance.now() });
        return false;
      }
      this.#progress.set(name, { ...known, goneSince: new Date().toISOString() });
    }
    const goneSince = this.#progress.get(name)?.goneSince ?? null;
    const left = await endVms(context, zone, removal, ref, latest, known.done);
    const isSeenGone = latest !== undefined && goneSince !== null && latest.at > goneSince && !isListed(latest, ref);
    return left === 0 && isSeenGone;
  }
}

const nameOf = ({ id }: Job, zone: ZoneName, key: string): string => `${id} ${zone} ${key}`;

/** A look made after the removal began, for the account that it is about: another one is shown nothing of it. */
function freshLook(context: TaskContext, zone: ZoneName, { since, account }: Removal): ZoneSnapshot | undefined {
  const latest = context.latest(zone);
  return latest !== undefined && latest.at > since && isAnswerFor(account, latest.account) ? latest : undefined;
}

const isListed = (latest: ZoneSnapshot | undefined, ref: DeploymentRef): boolean =>
  latest === undefined || latest.services.some(({ id, state }) => id === ref.id && state !== "done");

/** VMs that are still there, each of which is told to end. */
async function endVms(
  context: TaskContext,
  zone: ZoneName,
  { vmIds }: Removal,
  ref: DeploymentRef,
  latest: ZoneSnapshot | undefined,
  done: Set<number>,
): Promise<number> {
  const listed = latest === undefined ? [] : (indexOf(latest).vmsByService.get(ref.id) ?? []);
  const present = new Set(listed.flatMap(({ id, state }) => (state === "done" ? [] : [id])));
  const client = context.zone(zone);
  let left = 0;
  for (const vmId of new Set([...vmIds, ...present])) {
    if (done.has(vmId)) continue;
    const state = await client.vmState(vmId);
    if (state === "done") done.add(vmId);
    if (state === "done" || (state === "unproven" && !present.has(vmId))) continue;
    left += 1;
    const ending = listed.some((vm) => vm.id === vmId && vm.state === "shutting-down");
    if (!ending) await client.terminateVm(vmId);
  }
  return left;
}

/** The answer to a create was lost: what it may still bring is waited for, and ended then. */
async function settleIntent(context: TaskContext, job: Job, zone: ZoneName, removal: Removal): Promise<Outcome> {
  const { tag, key, intendedAt, since } = removal;
  const { services, account } = await context.zone(zone).snapshot();
  if (!isAnswerFor(removal.account, account)) return "later";
  const found = services.find(({ attempt }) => attempt === tag);
  if (found !== undefined && tag !== null) {
    await context.store.update(job.id, () =>
      decided({ type: "duplicate-found", site: zone, ref: { kind: "oneflow", id: found.id }, tag }),
    );
    return "done";
  }
  const { now, policy } = context.store.decisionContext(job.id);
  if (Date.parse(now) < Date.parse(intendedAt ?? since) + policy.durations.settle) return "later";
  await removed(context, job, zone, key);
  return "done";
}

async function removed(context: TaskContext, job: Job, zone: ZoneName, key: string): Promise<void> {
  await context.store.update(job.id, (newest) =>
    newest.sites.get(zone)?.removals.some((removal) => removal.key === key)
      ? decided({ type: "deployment-removed", site: zone, removal: key })
      : decided(),
  );
}

/** Said once, when a removal has taken longer than people would expect. */
async function tellDelay(context: TaskContext, job: Job, zone: ZoneName, key: string, error: unknown): Promise<void> {
  await context.store.update(job.id, (newest, { now, policy }) => {
    const removal = newest.sites.get(zone)?.removals.find((candidate) => candidate.key === key);
    if (removal === undefined || removal.delayed !== null) return decided();
    if (Date.parse(now) < Date.parse(removal.since) + policy.durations.removal) return decided();
    const reason =
      error instanceof ZoneError ? zoneReason(error) : { code: "removal-slow" as const, detail: removal.key };
    return decided({ type: "removal-delayed", site: zone, removal: key, reason });
  });
}
