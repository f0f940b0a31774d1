/** Ending what ran in a zone, and proving that it has ended. */
import { decided } from "../federation/model/decision.ts";
import type { ZoneName } from "../federation/model/identity.ts";
import type { Removal } from "../federation/model/state.ts";
import { ZoneError, type ZoneSnapshot } from "../federation/model/zone-facts.ts";
import { isAnswerFor } from "../federation/observing/live.ts";
import { strayIn } from "../federation/observing/observation.ts";
import { zoneReason } from "../federation/proposing/preflight.ts";
import { type Ending, endingOf } from "./endings.ts";
import { type Job, type Outcome, siteOf, type TaskContext } from "./task-context.ts";

/** Remembers how far each removal is, and shares the poller's looks. */
export class Removals {
  readonly #endings = new Map<string, Ending>();

  async remove(context: TaskContext, job: Job, zone: ZoneName, key: string): Promise<Outcome> {
    const removal = siteOf(job, zone).removals.find((candidate) => candidate.key === key);
    if (removal === undefined) return "done";
    const { ref } = removal;
    const name = `${job.id} ${zone} ${key}`;
    try {
      if (ref === null) return await settleIntent(context, job, zone, removal);
      const ending = this.#endings.get(name) ?? endingOf(ref);
      this.#endings.set(name, ending);
      if (!(await ending.goOn(context, zone, removal.vmIds, freshLook(context, zone, removal)))) {
        await tellDelay(context, job, zone, key, null);
        context.pollHints(zone).pollSoon();
        return "later";
      }
    } catch (error) {
      await tellDelay(context, job, zone, key, error);
      throw error;
    }
    this.#endings.delete(name);
    await removed(context, job, zone, key);
    return "done";
  }
}

/** A look made after the removal began, for the account that it is about: another one is shown nothing of it. */
function freshLook(context: TaskContext, zone: ZoneName, { since, account }: Removal): ZoneSnapshot | undefined {
  const latest = context.latest(zone);
  return latest !== undefined && latest.at > since && isAnswerFor(account, latest.account) ? latest : undefined;
}

/** The answer to a create was lost: what it may still bring is waited for, and ended then. */
async function settleIntent(context: TaskContext, job: Job, zone: ZoneName, removal: Removal): Promise<Outcome> {
  const { tag, key, intendedAt, since } = removal;
  const snapshot = await context.zone(zone).snapshot();
  if (!isAnswerFor(removal.account, snapshot.account)) return "later";
  const found = strayIn(job.federation, siteOf(job, zone), snapshot).find((one) => one.tag === tag);
  if (found !== undefined) {
    await context.store.update(job.id, () =>
      decided({ type: "duplicate-found", site: zone, ref: found.ref, tag: found.tag }),
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
