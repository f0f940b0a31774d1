/** The tasks before anything is created: the authority, the looks, the plans, the last look. */

import { decided } from "../federation/model/decision.ts";
import type { ZoneName } from "../federation/model/identity.ts";
import { coordinatorOf, trainingSitesOf } from "../federation/model/state.ts";
import type { Look } from "../federation/proposing/preflight.ts";
import { beginAttempt, proposeSites, recheckApprovals } from "../federation/proposing/proposal.ts";
import { mayBegin } from "../federation/running/due-tasks.ts";
import { parseHost } from "../guest-protocol/address.ts";
import { type Job, type Outcome, siteOf, type TaskContext } from "./task-context.ts";
import { surveySite } from "./zone-checks.ts";

/** The CA is made before the plan, so that its fingerprint is part of what owners approve. */
export async function createAuthority(context: TaskContext, { id, federation }: Job): Promise<Outcome> {
  const deciding = context.store.decisionContext(id);
  const host = federation.addressWish.kind === "given" ? parseHost(federation.addressWish.host) : null;
  const authority = await context.trust.ensureAuthority({
    federationId: id,
    commonName: `florist ${federation.name} ${id}`,
    now: deciding.now,
    life: deciding.policy.durations.authorityLife,
    dnsNames: host?.ok && host.value.kind === "dns" ? [host.value.value] : [],
  });
  await context.store.update(id, (newest) =>
    newest.authority !== null
      ? decided()
      : decided({
          type: "authority-created",
          fingerprint: authority.fingerprint,
          certificate: authority.certificatePem,
          expiresAt: authority.expiresAt,
        }),
  );
  return "done";
}

/** All zones at once; what is missing anywhere is told before anybody is asked. */
export async function propose(context: TaskContext, { id, federation }: Job): Promise<Outcome> {
  const waiting = [...federation.sites.values()].filter(({ standing }) => standing === "planning");
  const looked = await Promise.all(
    waiting.map(async (site): Promise<[ZoneName, Look]> => [site.zone, await surveySite(context, federation, site)]),
  );
  const decision = await context.store.update(id, (newest, deciding) =>
    proposeSites(newest, new Map(looked), deciding),
  );
  return decision.ok && decision.events.length > 0 ? "done" : "later";
}

/** The look just before an attempt: it starts, or what has changed since the approval voids it. */
export async function begin(context: TaskContext, job: Job, zone: ZoneName): Promise<Outcome> {
  const [look, others] = await Promise.all([
    surveySite(context, job.federation, siteOf(job, zone)),
    looksBeforeAll(context, job, zone),
  ]);
  const decision = await context.store.update(job.id, (newest, deciding) => {
    const recheck = recheckApprovals(newest, others, deciding);
    if (!recheck.ok || recheck.events.length > 0) return recheck;
    const site = newest.sites.get(zone);
    const mayStill = site !== undefined && site.run === null && newest.ended === null && mayBegin(newest, site);
    return mayStill ? beginAttempt(newest, zone, look, deciding) : decided();
  });
  return decision.ok && decision.events.length > 0 ? "done" : "later";
}

/** Nothing at all is created on approvals that are void: the coordinator's start counts those of training sites. */
async function looksBeforeAll(
  context: TaskContext,
  { federation }: Job,
  zone: ZoneName,
): Promise<ReadonlyMap<ZoneName, Look>> {
  const first = zone === coordinatorOf(federation).zone && federation.trustedAt === null;
  const approved = first ? trainingSitesOf(federation).filter(({ standing }) => standing === "approved") : [];
  return new Map(
    await Promise.all(
      approved.map(async (site): Promise<[ZoneName, Look]> => [site.zone, await surveySite(context, federation, site)]),
    ),
  );
}
