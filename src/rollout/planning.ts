/** The tasks before anything is created: the authority, the looks, the plans, the last look. */

import { decided } from "../federation/decision.ts";
import type { ZoneName } from "../federation/identity.ts";
import type { Look } from "../federation/preflight.ts";
import { beginAttempt, proposeSites } from "../federation/proposal.ts";
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
  const look = await lookForSite(shop, job.federation, siteOf(job, zone));
  const decision = await shop.ledger.change(job.id, (newest, world) =>
    newest.sites.get(zone)?.run === null && newest.ended === null && newest.teardownAskedBy === null
      ? beginAttempt(newest, zone, look, world)
      : decided(),
  );
  return decision.ok && decision.events.length > 0 ? "done" : "later";
}
