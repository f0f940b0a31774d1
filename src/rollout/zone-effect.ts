/** What is done in a zone to bring something up: told when it does not work, and looked for when its answer was lost. */
import { decided } from "../federation/model/decision.ts";
import type { Reason } from "../federation/model/events.ts";
import { type SiteName, zoneOf } from "../federation/model/identity.ts";
import type { Manifest } from "../federation/model/manifests.ts";
import type { Deployment } from "../federation/model/state.ts";
import { ZoneError } from "../federation/model/zone-facts.ts";
import { isConclusive } from "../federation/observing/live.ts";
import { failed, failureCode } from "../federation/observing/observation.ts";
import { indexOf, type Tagged } from "../federation/observing/snapshot-index.ts";
import { isTransient, zoneReason } from "../federation/proposing/preflight.ts";
import { deploymentOf, type Job, record, siteOf, type TaskContext } from "./task-context.ts";

/** The one that was approved, whatever this version of the program ships. */
export function manifestOf(context: TaskContext, job: Job, { plan }: Deployment): Manifest {
  const manifest = context.store.decisionContext(job.id).manifests.find(plan.manifest);
  if (manifest === undefined) throw new Error(`The manifest ${plan.manifest} of ${plan.zone} was not kept.`);
  return manifest;
}

/**
 * Carries out an effect. What a zone refuses for good fails the site; what may pass is tried again, and where the
 * zone clearly did nothing, without waiting for what the create of that tag may still bring.
 */
export async function attempt<T>(
  context: TaskContext,
  job: Job,
  place: SiteName,
  effect: () => Promise<T>,
  tag?: string,
): Promise<T | null> {
  try {
    return await effect();
  } catch (error) {
    if (!(error instanceof ZoneError)) throw error;
    const reason = zoneReason(error);
    if (error.ambiguous || isTransient(reason)) {
      if (tag !== undefined && !error.ambiguous) {
        await record(context, job, place, { type: "deployment-postponed", site: place, tag });
      }
      await tellWhatIsInTheWay(context, job, place, reason);
      throw error;
    }
    const ended = tag === undefined ? [] : [{ type: "deployment-postponed" as const, site: place, tag }];
    const code = failureCode(siteOf(job, place), error.message);
    await record(context, job, place, ...ended, failed({ name: place }, code, error.message));
    return null;
  }
}

/**
 * What a create has brought whose answer was lost. Neither daemon has an idempotency key, so the zone is looked at for
 * as long as the answer may still bring it; null: it has brought nothing.
 */
export async function lateAnswer(
  context: TaskContext,
  job: Job,
  place: SiteName,
  isIt: (found: Tagged) => boolean,
): Promise<Tagged | "later" | null> {
  const snapshot = await context.zone(zoneOf(place)).snapshot();
  // Another account is shown nothing of what was created: to create again would make it twice.
  if (!isConclusive(siteOf(job, place), snapshot)) return "later";
  const found = indexOf(snapshot).taggedByFederation.get(job.id)?.find(isIt);
  if (found !== undefined) return found;
  const { intendedAt } = deploymentOf(job, place);
  const { now, policy } = context.store.decisionContext(job.id);
  return Date.parse(now) < Date.parse(intendedAt ?? now) + policy.durations.settle ? "later" : null;
}

/** Nothing is created for an account to which the newest look does not belong. */
export function isOtherAccount(context: TaskContext, job: Job, place: SiteName): boolean {
  const latest = context.latest(zoneOf(place));
  return latest !== undefined && !isConclusive(siteOf(job, place), latest);
}

/** Said once it has lasted, or at once where it does not pass without somebody; its end is told by what is created then. */
async function tellWhatIsInTheWay(context: TaskContext, job: Job, place: SiteName, reason: Reason): Promise<void> {
  await context.store.update(job.id, (newest, { now, policy }) => {
    const site = newest.sites.get(place);
    if (site?.deployment?.attempt !== deploymentOf(job, place).attempt) return decided();
    const waited = Date.parse(now) - Date.parse(site.deployment.startedAt);
    const isKnown = site.problems.some(({ code }) => code === reason.code);
    if (isKnown || (reason.code !== "zone-disabled" && waited < policy.durations.raise)) return decided();
    return decided({ type: "preflight-failed", site: place, problems: [reason] });
  });
}
