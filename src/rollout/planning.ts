/** The tasks before anything is created: the authority, the looks, the plans, the last look. */
import { decided } from "../federation/model/decision.ts";
import type { CardId, SiteName } from "../federation/model/identity.ts";
import {
  coordinatorOf,
  currentProposal,
  type Federation,
  type Site,
  trainingSitesOf,
} from "../federation/model/state.ts";
import type { SurveyResult } from "../federation/model/zone-facts.ts";
import { beginAttempt, proposeLater, proposeSites, recheckApprovals } from "../federation/proposing/proposal.ts";
import { mayBegin } from "../federation/running/due-tasks.ts";
import { addressWishOf } from "../federation/tunnels/crossing.ts";
import { parseHost } from "../guest-protocol/address.ts";
import { type Job, type Outcome, siteOf, type TaskContext } from "./task-context.ts";
import { surveySite } from "./zone-checks.ts";

/** The CA is made before the plan, so that its fingerprint is part of what owners approve. */
export async function createAuthority(context: TaskContext, { id, federation }: Job): Promise<Outcome> {
  const { now, policy } = context.store.decisionContext(id);
  const wish = addressWishOf(federation.crossing);
  const given = wish?.kind === "given" ? wish.host : null;
  const host = given === null ? null : parseHost(given);
  const authority = await context.trust.ensureAuthority({
    federationId: id,
    commonName: `florist ${federation.name} ${id}`,
    now,
    life: policy.durations.authorityLife,
    dnsNames: host?.ok && host.value.kind === "dns" ? [host.value.value] : [],
  });
  await context.store.update(id, (newest) =>
    newest.authorities.length > 0
      ? decided()
      : decided({
          type: "authority-created",
          generation: 1,
          fingerprint: authority.fingerprint,
          certificate: authority.certificatePem,
          expiresAt: authority.expiresAt,
        }),
  );
  return "done";
}

/** All zones of the first plan at once; what is missing anywhere is told before anybody is asked. */
export async function propose(context: TaskContext, job: Job): Promise<Outcome> {
  const waiting = [...job.federation.sites.values()].filter(
    ({ approvalState, joinedLater }) => approvalState === "planning" && !joinedLater,
  );
  const surveys = await surveysOf(context, job, waiting, 0);
  const decision = await context.store.update(job.id, (newest, deciding) => proposeSites(newest, surveys, deciding));
  return decision.ok && decision.events.length > 0 ? "done" : "later";
}

export async function proposeJoining(context: TaskContext, job: Job, place: SiteName): Promise<Outcome> {
  const survey = await surveySite(context, job.federation, siteOf(job, place));
  const decision = await context.store.update(job.id, (newest, deciding) =>
    proposeLater(newest, place, survey, deciding),
  );
  return decision.ok && decision.events.length > 0 ? "done" : "later";
}

/** Milliseconds: OneFlow is asked next in any case, and what it refuses then is told as well. */
const JUST_NOW = 60_000;

/** The look just before an attempt: it starts, or what has changed since the approval voids it. */
export async function begin(context: TaskContext, job: Job, place: SiteName): Promise<Outcome> {
  const approved = approvedBefore(job, place);
  const [survey, others] = await Promise.all([
    surveySite(context, job.federation, siteOf(job, place), { oneflowSince: JUST_NOW }),
    surveysOf(context, job, approved, JUST_NOW),
  ]);
  const looked = [place, ...approved.map((site) => site.name)];
  const decision = await context.store.update(job.id, (newest, deciding) => {
    // What an owner has changed meanwhile was not looked at.
    if (looked.some((name) => versionOf(newest, name) !== versionOf(job.federation, name))) return decided();
    const recheck = recheckApprovals(newest, others, deciding);
    if (!recheck.ok || recheck.events.length > 0) return recheck;
    const site = newest.sites.get(place);
    const mayStill = site !== undefined && newest.ended === null && mayBegin(newest, site);
    return mayStill ? beginAttempt(newest, place, survey, deciding) : decided();
  });
  return decision.ok && decision.events.length > 0 ? "done" : "later";
}

function versionOf({ sites }: Federation, place: SiteName): CardId | null {
  const site = sites.get(place);
  return site === undefined ? null : (currentProposal(site)?.card ?? null);
}

/** Nothing at all is created on approvals that are void: the coordinator's start counts those of training sites. */
function approvedBefore({ federation }: Job, place: SiteName): readonly Site[] {
  const first = place === coordinatorOf(federation).name && federation.trustedAt === null;
  return first ? trainingSitesOf(federation).filter(({ approvalState }) => approvalState === "approved") : [];
}

async function surveysOf(
  context: TaskContext,
  { federation }: Job,
  sites: readonly Site[],
  oneflowSince: number,
): Promise<ReadonlyMap<SiteName, SurveyResult>> {
  const looked = sites.map(async (site): Promise<[SiteName, SurveyResult]> => {
    return [site.name, await surveySite(context, federation, site, { oneflowSince })];
  });
  return new Map(await Promise.all(looked));
}
