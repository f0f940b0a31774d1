/** Creating what runs in a zone: the intent is journalled first, then the zone is looked at, then it is done. */
import { decided } from "../federation/model/decision.ts";
import { canonical } from "../federation/model/digest.ts";
import type { Reason } from "../federation/model/events.ts";
import type { ZoneName } from "../federation/model/identity.ts";
import type { Manifest } from "../federation/model/manifests.ts";
import { flowerPart } from "../federation/model/plan.ts";
import { authorityOf, type Deployment } from "../federation/model/state.ts";
import { ZoneError } from "../federation/model/zone-facts.ts";
import { isConclusive } from "../federation/observing/live.ts";
import { failed, nextTag } from "../federation/observing/observation.ts";
import type { Zone } from "../federation/ports.ts";
import { serviceOrder, serviceTemplateFor } from "../federation/proposing/manifest.ts";
import { isTransient, zoneReason } from "../federation/proposing/preflight.ts";
import { deploymentOf, type Job, type Outcome, record, siteOf, type TaskContext } from "./task-context.ts";

/** Registers the service template unless one of ours with exactly that content is there. */
export async function registerTemplate(context: TaskContext, job: Job, zone: ZoneName): Promise<Outcome> {
  const deployment = deploymentOf(job, zone);
  const wanted = serviceTemplateFor(flowerPart(deployment.plan).template.id, manifestOf(context, job, deployment));
  if (deployment.templateName !== wanted.name) {
    const taken = await record(context, job, zone, { type: "template-intended", site: zone, name: wanted.name });
    if (!taken) return "done";
  }
  const templateId = await attempt(context, job, zone, () => findOrRegister(context.zone(zone), wanted));
  if (templateId === null) return "later";
  await record(context, job, zone, { type: "template-registered", site: zone, templateId });
  return "done";
}

/** Known by owner (only ours are listed) and content; the name is only where to look. */
async function findOrRegister(zone: Zone, wanted: { readonly name: string }): Promise<number> {
  const present = await zone.serviceTemplates(wanted.name);
  const same = present.find(({ body }) => canonical(body) === canonical(wanted));
  return same?.id ?? zone.registerServiceTemplate(wanted);
}

/** The one that was approved, whatever this version of the program ships. */
function manifestOf(context: TaskContext, job: Job, { plan }: Deployment): Manifest {
  const manifest = context.store.decisionContext(job.id).manifests.find(plan.manifest);
  if (manifest === undefined) throw new Error(`The manifest ${plan.manifest} of ${plan.zone} was not kept.`);
  return manifest;
}

/**
 * Creates the service once. OneFlow has no idempotency key, so a create that was intended is looked for first, and
 * for as long as its lost answer may still bring it; only then is another intended, under a tag of its own.
 */
export async function create(context: TaskContext, job: Job, zone: ZoneName): Promise<Outcome> {
  const { tag, postponed, intendedAt } = deploymentOf(job, zone);
  if (tag !== null && !postponed) {
    const snapshot = await context.zone(zone).snapshot();
    // Another account is shown nothing of what was created: to create again would make it twice.
    if (!isConclusive(siteOf(job, zone), snapshot)) return "later";
    const found = snapshot.services.find((service) => service.attempt === tag);
    if (found !== undefined) {
      const ref = { kind: "oneflow", id: found.id } as const;
      await record(context, job, zone, { type: "deployment-created", site: zone, ref, found: true });
      return "done";
    }
    const { now, policy } = context.store.decisionContext(job.id);
    if (Date.parse(now) < Date.parse(intendedAt ?? now) + policy.durations.settle) return "later";
  }
  return order(context, job, zone);
}

async function order(context: TaskContext, job: Job, zone: ZoneName): Promise<Outcome> {
  const { federation } = job;
  const deployment = deploymentOf(job, zone);
  const { templateId, plan } = deployment;
  const latest = context.latest(zone);
  if (latest !== undefined && !isConclusive(siteOf(job, zone), latest)) return "later";
  const authority = authorityOf(federation, plan);
  if (templateId === null || authority === null) return "later";
  const { sequence, tag } = nextTag(federation, siteOf(job, zone), deployment);
  const wanted = serviceOrder(plan, manifestOf(context, job, deployment), tag, authority.certificate);
  const intended = { type: "deployment-intended", site: zone, sequence, tag } as const;
  if (!(await record(context, job, zone, intended))) return "done";
  const id = await attempt(
    context,
    job,
    zone,
    () =>
      context.zone(zone).instantiate(templateId, {
        name: wanted.name,
        userInputs: wanted.userInputs,
        role: {
          name: wanted.role,
          cardinality: wanted.cardinality,
          context: wanted.context,
          nics: wanted.nics,
        },
      }),
    tag,
  );
  if (id === null) return "later";
  await record(context, job, zone, {
    type: "deployment-created",
    site: zone,
    ref: { kind: "oneflow", id },
    found: false,
  });
  context.pollHints(zone).pollSoon();
  return "done";
}

/**
 * Carries out an effect. What a zone refuses for good fails the site; what may pass is tried again, and where the
 * zone clearly did nothing, without waiting for what the create of that tag may still bring.
 */
async function attempt<T>(
  context: TaskContext,
  job: Job,
  zone: ZoneName,
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
        await record(context, job, zone, { type: "deployment-postponed", site: zone, tag });
      }
      await tellWhatIsInTheWay(context, job, zone, reason);
      throw error;
    }
    await record(context, job, zone, failed({ zone }, "deployment-failed", error.message));
    return null;
  }
}

/** Said once it has lasted, or at once where it does not pass without somebody; its end is told by what is created then. */
async function tellWhatIsInTheWay(context: TaskContext, job: Job, zone: ZoneName, reason: Reason): Promise<void> {
  await context.store.update(job.id, (newest, { now, policy }) => {
    const site = newest.sites.get(zone);
    if (site?.deployment?.attempt !== deploymentOf(job, zone).attempt) return decided();
    const waited = Date.parse(now) - Date.parse(site.deployment.startedAt);
    const isKnown = site.problems.some(({ code }) => code === reason.code);
    if (isKnown || (reason.code !== "zone-disabled" && waited < policy.durations.raise)) return decided();
    return decided({ type: "preflight-failed", site: zone, problems: [reason] });
  });
}
