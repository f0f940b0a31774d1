/** State, now -> what is due. Every task may be carried out again: it looks first, and its outcome is an event. */

import { isExpired } from "../deciding/approval.ts";
import { concludeTeardown } from "../deciding/lifecycle.ts";
import type { ZoneName } from "../model/identity.ts";
import type { DecisionContext } from "../model/policy.ts";
import {
  coordinatorOf,
  currentProposal,
  type Federation,
  type Guest,
  isTurnedAway,
  type Run,
  type Site,
  trainingSitesOf,
} from "../model/state.ts";
import { hasTerminalFailure } from "../model/terminal-failure.ts";
import { coordinatorServes } from "../observing/status.ts";
import { isBlocked } from "../proposing/proposal.ts";
import { admissionsDue, mayTellAdmitted } from "./admission.ts";

export type Task =
  | { readonly kind: "create-authority" }
  | { readonly kind: "propose" }
  | { readonly kind: "expire" }
  | { readonly kind: "remind"; readonly site: ZoneName }
  | { readonly kind: "begin"; readonly site: ZoneName }
  | { readonly kind: "register-template"; readonly site: ZoneName }
  | { readonly kind: "create-service"; readonly site: ZoneName }
  | { readonly kind: "certify"; readonly site: ZoneName; readonly vmId: number }
  | { readonly kind: "deliver-certificate"; readonly site: ZoneName; readonly vmId: number }
  | { readonly kind: "judge-key"; readonly site: ZoneName; readonly vmId: number }
  | { readonly kind: "deliver-admissions"; readonly site: ZoneName }
  | { readonly kind: "tell-admitted"; readonly site: ZoneName; readonly vmId: number }
  | { readonly kind: "time-out"; readonly site: ZoneName; readonly code: "boot-timeout" | "serve-timeout" }
  | { readonly kind: "remove-service"; readonly site: ZoneName; readonly serviceId: number }
  | { readonly kind: "conclude-teardown" }
  | { readonly kind: "destroy-authority" };

/** What makes two tasks the same one, so that it is carried out once at a time. */
export function taskKey(task: Task): string {
  return Object.values(task).join(" ");
}

export function dueTasks(federation: Federation, context: DecisionContext): readonly Task[] {
  const sites = [...federation.sites.values()];
  const removals = sites.flatMap((site) =>
    site.removals.map(({ serviceId }): Task => ({ kind: "remove-service", site: site.zone, serviceId })),
  );
  if (federation.ended !== null) return [...removals, ...endTasks(federation, sites)];
  return [
    ...removals,
    ...planningTasks(federation, sites, context),
    ...sites.flatMap((site) => siteTasks(federation, site, context)),
    ...admissionTasks(federation),
    ...(concludes(federation, context) ? [{ kind: "conclude-teardown" } as const] : []),
  ];
}

function endTasks(federation: Federation, sites: readonly Site[]): Task[] {
  const empty = sites.every((site) => site.run === null && site.removals.length === 0);
  const keyLeft = federation.authority !== null && !federation.authorityDestroyed;
  return empty && keyLeft ? [{ kind: "destroy-authority" }] : [];
}

function concludes(federation: Federation, context: DecisionContext): boolean {
  const decision = concludeTeardown(federation, context);
  return decision.ok && decision.events.length > 0;
}

function planningTasks(federation: Federation, sites: readonly Site[], context: DecisionContext): Task[] {
  if (federation.authority === null) return [{ kind: "create-authority" }];
  const tasks: Task[] = [];
  const planning = sites.filter(({ standing }) => standing === "planning");
  if (planning.length > 0 && !planning.some(({ zone }) => isBlocked(federation, zone))) tasks.push({ kind: "propose" });
  if (sites.some((site) => isExpired(site, context.now))) tasks.push({ kind: "expire" });
  for (const site of sites) if (isOverdue(site, context)) tasks.push({ kind: "remind", site: site.zone });
  return tasks;
}

function isOverdue(site: Site, context: DecisionContext): boolean {
  const proposal = currentProposal(site);
  if (proposal === null || site.standing !== "asking" || site.reminded) return false;
  return Date.parse(context.now) >= Date.parse(proposal.askedAt) + context.policy.durations.approvalReminder;
}

function siteTasks(federation: Federation, site: Site, context: DecisionContext): Task[] {
  const { run } = site;
  if (run === null) return mayBegin(federation, site) ? [{ kind: "begin", site: site.zone }] : [];
  if (hasTerminalFailure(run)) return [];
  if (run.templateId === null) return [{ kind: "register-template", site: site.zone }];
  if (run.serviceId === null) return [{ kind: "create-service", site: site.zone }];
  const guests = [...run.guests.values()].flatMap((guest) => guestTasks(federation, site, guest, context));
  const late = lateness(site, run, context);
  return late === null ? guests : [...guests, { kind: "time-out", site: site.zone, code: late }];
}

/** The coordinator first, once enough sites stand approved; each training site once the coordinator is trusted. */
export function mayBegin(federation: Federation, site: Site): boolean {
  if (site.standing !== "approved" || federation.teardownAskedBy !== null) return false;
  if (site.removals.some(({ cause }) => cause !== "twin") || isBlocked(federation, site.zone)) return false;
  if (site.role === "training") {
    const { run } = coordinatorOf(federation);
    return federation.trustedAt !== null && run !== null && !hasTerminalFailure(run);
  }
  const approved = trainingSitesOf(federation).filter(({ standing }) => standing === "approved").length;
  return federation.trustedAt !== null || approved >= federation.minimumTrainingSites;
}

function guestTasks(federation: Federation, site: Site, guest: Guest, context: DecisionContext): Task[] {
  const { vmId, sighting } = guest;
  if (!guest.verified || sighting.state === "gone") return [];
  const at = { site: site.zone, vmId };
  if (site.role === "coordinator") {
    if (needsCertificate(guest, context.now)) return [{ kind: "certify", ...at }];
    return guest.certificate?.delivered === false ? [{ kind: "deliver-certificate", ...at }] : [];
  }
  const { key } = sighting;
  if (key !== null && key !== guest.acceptedKey && !isTurnedAway(guest)) return [{ kind: "judge-key", ...at }];
  return mayTellAdmitted(federation, guest) ? [{ kind: "tell-admitted", ...at }] : [];
}

/** A request not answered yet, or a certificate past half of its life. */
function needsCertificate({ sighting, certificate }: Guest, now: string): boolean {
  if (sighting.request === null) return false;
  if (certificate === null || certificate.request !== sighting.request) return true;
  const issued = Date.parse(certificate.issuedAt);
  return Date.parse(now) >= issued + (Date.parse(certificate.expiresAt) - issued) / 2;
}

function admissionTasks(federation: Federation): Task[] {
  const coordinator = coordinatorOf(federation);
  const told = coordinator.run !== null && !hasTerminalFailure(coordinator.run) && coordinatorServes(federation);
  return told && admissionsDue(federation) ? [{ kind: "deliver-admissions", site: coordinator.zone }] : [];
}

function lateness(site: Site, run: Run, { now, policy }: DecisionContext): "boot-timeout" | "serve-timeout" | null {
  if (run.createdAt === null || run.failure !== null || site.status !== null) return null;
  const waited = Date.parse(now) - Date.parse(run.createdAt);
  const expected = currentProposal(site)?.plan.vms ?? 1;
  const reported = [...run.guests.values()].filter(
    ({ sighting }) => sighting.request !== null || sighting.key !== null,
  );
  if (reported.length < expected) return waited > policy.durations.boot ? "boot-timeout" : null;
  return waited > policy.durations.boot + policy.durations.serve ? "serve-timeout" : null;
}

/** Since when something is awaited of a site's zone; null when nothing is. Governs how often it is looked at. */
export function awaitedSince(site: Site): string | null {
  if (site.removals.length > 0) return site.removals[0]?.since ?? null;
  const { run } = site;
  if (run === null || hasTerminalFailure(run)) return null;
  if (site.status === "up") return null;
  const moments = [run.createdAt ?? run.startedAt, ...[...run.guests.values()].map(({ seenAt }) => seenAt)];
  return moments.toSorted().at(-1) ?? null;
}
