/** A deployment that is a OneFlow service: its template, its create, its end. */
import { canonical } from "../federation/model/digest.ts";
import { type SiteName, zoneOf } from "../federation/model/identity.ts";
import type { SitePlan } from "../federation/model/plan.ts";
import { authorityOf } from "../federation/model/state.ts";
import { nextTag } from "../federation/observing/observation.ts";
import type { InstantiateRequest, Zone } from "../federation/ports.ts";
import { type ServiceOrder, serviceOrder, serviceTemplateFor } from "../federation/proposing/manifest.ts";
import { deploymentOf, type Job, type Outcome, record, siteOf, type TaskContext } from "./task-context.ts";
import { attempt, isOtherAccount, lateAnswer, manifestOf } from "./zone-effect.ts";

/** Registers the service template unless one of ours with exactly that content is there. */
export async function registerTemplate(context: TaskContext, job: Job, place: SiteName): Promise<Outcome> {
  const deployment = deploymentOf(job, place);
  const wanted = serviceTemplateFor(deployment.plan, manifestOf(context, job, deployment));
  if (deployment.templateName !== wanted.name) {
    const taken = await record(context, job, place, { type: "template-intended", site: place, name: wanted.name });
    if (!taken) return "done";
  }
  const templateId = await attempt(context, job, place, () => findOrRegister(context.zone(zoneOf(place)), wanted));
  if (templateId === null) return "later";
  await record(context, job, place, { type: "template-registered", site: place, templateId });
  return "done";
}

/** Known by owner (only ours are listed) and content; the name is only where to look. */
async function findOrRegister(zone: Zone, wanted: { readonly name: string }): Promise<number> {
  const present = await zone.serviceTemplates(wanted.name);
  const same = present.find(({ body }) => canonical(body) === canonical(wanted));
  return same?.id ?? zone.registerServiceTemplate(wanted);
}

/**
 * Creates the service once: a create that was intended is looked for first, and only when its lost answer can bring
 * nothing any more is another intended, under a tag of its own.
 */
export async function createService(context: TaskContext, job: Job, place: SiteName): Promise<Outcome> {
  const { tag, postponed } = deploymentOf(job, place);
  if (tag !== null && !postponed) {
    const found = await lateAnswer(context, job, place, (one) => one.ref.kind === "oneflow" && one.tag === tag);
    if (found === "later") return "later";
    if (found !== null) {
      await record(context, job, place, { type: "deployment-created", site: place, ref: found.ref, found: true });
      return "done";
    }
  }
  return orderService(context, job, place);
}

async function orderService(context: TaskContext, job: Job, place: SiteName): Promise<Outcome> {
  const { federation } = job;
  const deployment = deploymentOf(job, place);
  const { templateId, plan } = deployment;
  if (isOtherAccount(context, job, place)) return "later";
  const authority = authorityOf(federation, plan);
  if (templateId === null || authority === null) return "later";
  const { sequence, tag } = nextTag(federation, siteOf(job, place), deployment);
  const wanted = serviceOrder(plan, manifestOf(context, job, deployment), tag, authority.certificate);
  const intended = { type: "deployment-intended", site: place, sequence, tag } as const;
  if (!(await record(context, job, place, intended))) return "done";
  const create = () => context.zone(zoneOf(place)).instantiate(templateId, requestFor(plan, wanted));
  const id = await attempt(context, job, place, create, tag);
  if (id === null) return "later";
  await record(context, job, place, {
    type: "deployment-created",
    site: place,
    ref: { kind: "oneflow", id },
    found: false,
  });
  context.pollHints(zoneOf(place)).pollSoon();
  return "done";
}

function requestFor({ parts }: SitePlan, { name, userInputs, roles }: ServiceOrder): InstantiateRequest {
  return {
    name,
    userInputs,
    roles: roles.map(({ disks, ...role }) => {
      const template = parts.find((part) => part.name === role.name)?.template;
      return disks.length === 0 || template === undefined ? role : { ...role, added: { template, disks } };
    }),
  };
}
