/** The tasks before anything is created: the authority, the looks, the plans, the last look. */

import { decided } from "../federation/decision.ts";
import { mayBegin } from "../federation/due-tasks.ts";
import type { ZoneName } from "../federation/identity.ts";
import type { Look } from "../federation/preflight.ts";
import { beginAttempt, proposeSites, recheckApprovals } from "../federation/proposal.ts";
import { coordinatorOf, trainingSitesOf } from "../federation/state.ts";
import { parseHost } from "../guest-protocol/address.ts";
import { lookForSite } from "./looks.ts";
import { type Job, type Outcome, siteOf, type Workshop } from "./workshop.ts";

/** The CA is made before the plan, so that its fingerprint is part of what owners approve. */
export async function createAuthority(shop: Workshop, { id, federation }: Job): Promise<Outcome> {
  const world = shop.ledger.world(id);
  const host = federation.addressWish.kind === "given" ? parseHost(federation.addressWish.host) : null;
  const authority = await shop.trust.ensureAuthority({
    federationId: id,
    commonName: `florist ${federation.name} ${id}`,
    now: world.now,
    life: world.policy.durations.authorityLife,
    dnsNames: host?.ok && host.value.kind === "dns" ? [host.value.value] : [],
  });
  await shop.ledger.change(id, (newest) =>
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
export async function propose(shop: Workshop, { id, federation }: Job): Promise<Outcome> {
  const waiting = [...federation.sites.values()].filter(({ standing }) => standing === "planning");
  const looked = await Promise.all(
    waiting.map(async (site): Promise<[ZoneName, Look]> => [site.zone, await lookForSite(shop, federation, site)]),
  );
  const decision = await shop.ledger.change(id, (newest, world) => proposeSites(newest, new Map(looked), world));
  return decision.ok && decision.events.length > 0 ? "done" : "later";
}

/** The look just before an attempt: it starts, or what has changed since the approval voids it. */
export async function begin(shop: Workshop, job: Job, zone: ZoneName): Promise<Outcome> {
  const [look, others] = await Promise.all([
    lookForSite(shop, job.federation, siteOf(job, zone)),
    looksBeforeAll(shop, job, zone),
  ]);
  const decision = await shop.ledger.change(job.id, (newest, world) => {
    const recheck = recheckApprovals(newest, others, world);
    if (!recheck.ok || recheck.events.length > 0) return recheck;
    const site = newest.sites.get(zone);
    const mayStill = site !== undefined && site.run === null && newest.ended === null && mayBegin(newest, site);
    return mayStill ? beginAttempt(newest, zone, look, world) : decided();
  });
  return decision.ok && decision.events.length > 0 ? "done" : "later";
}

/** Nothing at all is created on approvals that are void: the coordinator's start counts those of training sites. */
async function looksBeforeAll(
  shop: Workshop,
  { federation }: Job,
  zone: ZoneName,
): Promise<ReadonlyMap<ZoneName, Look>> {
  const first = zone === coordinatorOf(federation).zone && federation.trustedAt === null;
  const approved = first ? trainingSitesOf(federation).filter(({ standing }) => standing === "approved") : [];
  return new Map(
    await Promise.all(
      approved.map(async (site): Promise<[ZoneName, Look]> => [site.zone, await lookForSite(shop, federation, site)]),
    ),
  );
}
