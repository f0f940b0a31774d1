/** Creating and removing what runs in a zone: the intent is journalled first, then the zone is looked at, then it is done. */
import { decided } from "../federation/model/decision.ts";
import { canonical } from "../federation/model/digest.ts";
import type { FederationEvent } from "../federation/model/events.ts";
import type { ZoneName } from "../federation/model/identity.ts";
import { currentProposal, type Site } from "../federation/model/state.ts";
import { ZoneError } from "../federation/model/zone-facts.ts";
import { failed, nextTag, vmsOf } from "../federation/observing/observation.ts";
import type { Zone } from "../federation/ports.ts";
import { serviceOrder, serviceTemplateFor } from "../federation/proposing/manifest.ts";
import { isTransient, zoneReason } from "../federation/proposing/preflight.ts";
import { type Job, type Outcome, runOf, siteOf, type TaskContext } from "./task-context.ts";

/** Registers the service template unless one of ours with exactly that content is there. */
export async function registerTemplate(context: TaskContext, job: Job, zone: ZoneName): Promise<Outcome> {
  const plan = planOf(siteOf(job, zone));
  const wanted = serviceTemplateFor(plan.role, plan.template.id, context.store.decisionContext(job.id).manifests);
  if (runOf(job, zone).templateName !== wanted.name) {
    await record(context, job, zone, { type: "template-intended", site: zone, name: wanted.name });
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

/**
 * Creates the service once. OneFlow has no idempotency key, so a create that was intended is looked for first, and
 * for as long as its lost answer may still bring it; only then is another intended, under a tag of its own.
 */
export async function createService(context: TaskContext, job: Job, zone: ZoneName): Promise<Outcome> {
  const run = runOf(job, zone);
  if (run.tag !== null) {
    const { services } = await context.zone(zone).snapshot();
    const found = services.find((service) => service.attempt === run.tag);
    if (found !== undefined) {
      await record(context, job, zone, { type: "service-created", site: zone, serviceId: found.id, found: true });
      return "done";
    }
    const { now, policy } = context.store.decisionContext(job.id);
    const settled = Date.parse(run.intendedAt ?? now) + policy.durations.settle;
    if (Date.parse(now) < settled) return "later";
  }
  return orderService(context, job, zone);
}

async function orderService(context: TaskContext, job: Job, zone: ZoneName): Promise<Outcome> {
  const { federation } = job;
  const site = siteOf(job, zone);
  const { templateId } = runOf(job, zone);
  if (templateId === null || federation.authority === null) return "later";
  const { sequence, tag } = nextTag(federation, site);
  const { manifests } = context.store.decisionContext(job.id);
  const order = serviceOrder(planOf(site), manifests, tag, federation.authority.certificate);
  await record(context, job, zone, { type: "service-intended", site: zone, sequence, tag });
  const serviceId = await attempt(context, job, zone, () =>
    context.zone(zone).instantiate(templateId, {
      name: order.name,
      userInputs: order.userInputs,
      role: { name: order.role, cardinality: order.cardinality, context: order.context, nics: [order.nic] },
    }),
  );
  if (serviceId === null) return "later";
  await record(context, job, zone, { type: "service-created", site: zone, serviceId, found: false });
  context.pollHints(zone).pollSoon();
  return "done";
}

/** Carries out an effect; what a zone refuses for good fails the site, what may pass is tried again. */
async function attempt<T>(context: TaskContext, job: Job, zone: ZoneName, effect: () => Promise<T>): Promise<T | null> {
  try {
    return await effect();
  } catch (error) {
    if (!(error instanceof ZoneError)) throw error;
    const reason = zoneReason(error);
    if (error.ambiguous || isTransient(reason)) throw error;
    await record(context, job, zone, failed(siteOf(job, zone), "deployment-failed", error.message));
    return null;
  }
}

/** Journals an event of the site's present run; one that was ended meanwhile is left alone. */
async function record(context: TaskContext, job: Job, zone: ZoneName, event: FederationEvent): Promise<void> {
  const { attempt: number } = runOf(job, zone);
  await context.store.update(job.id, (newest) =>
    newest.sites.get(zone)?.run?.attempt === number ? decided(event) : decided(),
  );
}

function planOf(site: Site) {
  const proposal = currentProposal(site);
  if (proposal === null) throw new Error(`${site.zone} has no plan.`);
  return proposal.plan;
}

/**
 * Ends a service and every VM of it. OneFlow's answer proves nothing about VMs, and recovering a failed deployment
 * leaves some behind: they are found by the service they name and ended one by one.
 */
export async function removeService(
  context: TaskContext,
  job: Job,
  zone: ZoneName,
  serviceId: number,
): Promise<Outcome> {
  const client = context.zone(zone);
  try {
    const before = await client.snapshot();
    if (before.services.some(({ id }) => id === serviceId)) await client.removeService(serviceId);
    else
      for (const { id, state } of vmsOf(serviceId, before)) if (state !== "shutting-down") await client.terminateVm(id);
    const after = await client.snapshot();
    if (after.services.some(({ id }) => id === serviceId) || vmsOf(serviceId, after).length > 0) {
      await tellDelay(context, job, zone, serviceId, null);
      return "later";
    }
  } catch (error) {
    await tellDelay(context, job, zone, serviceId, error);
    throw error;
  }
  await context.store.update(job.id, (newest) =>
    newest.sites.get(zone)?.removals.some((removal) => removal.serviceId === serviceId)
      ? decided({ type: "service-removed", site: zone, serviceId })
      : decided(),
  );
  return "done";
}

/** Said once, when a removal has taken longer than people would expect. */
async function tellDelay(
  context: TaskContext,
  job: Job,
  zone: ZoneName,
  serviceId: number,
  error: unknown,
): Promise<void> {
  await context.store.update(job.id, (newest, { now, policy }) => {
    const removal = newest.sites.get(zone)?.removals.find((candidate) => candidate.serviceId === serviceId);
    if (removal === undefined || removal.delayed !== null) return decided();
    if (Date.parse(now) < Date.parse(removal.since) + policy.durations.removal) return decided();
    const reason =
      error instanceof ZoneError
        ? zoneReason(error)
        : { code: "removal-slow" as const, detail: `service ${serviceId}` };
    return decided({ type: "removal-delayed", site: zone, serviceId, reason });
  });
}
