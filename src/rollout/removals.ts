/** Ending what ran in a zone, and proving that it has ended. */
import { decided } from "../federation/model/decision.ts";
import { type SiteName, zoneOf } from "../federation/model/identity.ts";
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

  async remove(context: TaskContext, job: Job, place: SiteName, key: string): Promise<Outcome> {
    const removal = siteOf(job, place).removals.find((candidate) => candidate.key === key);
    if (removal === undefined) return "done";
    const { ref } = removal;
    const name = `${job.id} ${place} ${key}`;
    try {
      if (ref === null) return await settleIntent(context, job, place, removal);
      const ending = this.#endings.get(name) ?? endingOf(ref);
      this.#endings.set(name, ending);
      if (!(await ending.goOn(context, place, removal.vmIds, freshLook(context, place, removal)))) {
        await tellDelay(context, job, place, key, null);
        context.pollHints(zoneOf(place)).pollSoon();
        return "later";
      }
    } catch (error) {
      await tellDelay(context, job, place, key, error);
      throw error;
    }
    this.#endings.delete(name);
    await removed(context, job, place, key);
    return "done";
  }
}

/** A look made after the removal began, for the account that it is about: another one is shown nothing of it. */
function freshLook(context: TaskContext, place: SiteName, { since, account }: Removal): ZoneSnapshot | undefined {
  const latest = context.latest(zoneOf(place));
  return latest !== undefined && latest.at > since && isAnswerFor(account, latest.account) ? latest : undefined;
}

/** The answer to a create was lost: what it may still bring is waited for, and ended then. */
async function settleIntent(context: TaskContext, job: Job, place: SiteName, removal: Removal): Promise<Outcome> {
  const { tag, key, intendedAt, since } = removal;
  const snapshot = await context.zone(zoneOf(place)).snapshot();
  if (!isAnswerFor(removal.account, snapshot.account)) return "later";
  const found = strayIn(job.federation, siteOf(job, place), snapshot).find((one) => one.tag === tag);
  if (found !== undefined) {
    await context.store.update(job.id, () =>
      decided({ type: "duplicate-found", site: place, ref: found.ref, tag: found.tag }),
    );
    return "done";
  }
  const { now, policy } = context.store.decisionContext(job.id);
  if (Date.parse(now) < Date.parse(intendedAt ?? since) + policy.durations.settle) return "later";
  await removed(context, job, place, key);
  return "done";
}

async function removed(context: TaskContext, job: Job, place: SiteName, key: string): Promise<void> {
  await context.store.update(job.id, (newest) =>
    newest.sites.get(place)?.removals.some((removal) => removal.key === key)
      ? decided({ type: "deployment-removed", site: place, removal: key })
      : decided(),
  );
}

/** Said once, when a removal has taken longer than people would expect. */
async function tellDelay(context: TaskContext, job: Job, place: SiteName, key: string, error: unknown): Promise<void> {
  await context.store.update(job.id, (newest, { now, policy }) => {
    const removal = newest.sites.get(place)?.removals.find((candidate) => candidate.key === key);
    if (removal === undefined || removal.delayed !== null) return decided();
    if (Date.parse(now) < Date.parse(removal.since) + policy.durations.removal) return decided();
    const reason =
      error instanceof ZoneError ? zoneReason(error) : { code: "removal-slow" as const, detail: removal.key };
    return decided({ type: "removal-delayed", site: place, removal: key, reason });
  });
}
