/** What people ask for beside approving: cancel, add, retry, retire, tear down. */

import { type Decision, decided, NOTHING } from "../model/decision.ts";
import type { FederationEvent, SiteWish } from "../model/events.ts";
import { type CardId, type Person, samePerson, type ZoneName } from "../model/identity.ts";
import type { DecisionContext } from "../model/policy.ts";
import { refuse } from "../model/reasons.ts";
import { coordinatorOf, type Federation, isTurnedAway, type Site } from "../model/state.ts";
import { endWithout, siteOfCard } from "./approval.ts";
import { isOwner } from "./consent.ts";

/** The requester may cancel while nothing has been created. */
export function cancelRequest(federation: Federation, by: Person): Decision {
  if (!samePerson(by, federation.requester)) return refuse("not-the-requester");
  if (federation.ended !== null) return refuse("federation-ended");
  const created = [...federation.sites.values()].some((site) => site.attempts > 0);
  return created ? refuse("something-exists") : decided({ type: "federation-ended", cause: "cancelled", by });
}

/** Whoever asked, or an owner of a zone with a problem, has the zones looked at again. */
export function askPreflightAgain(federation: Federation, context: DecisionContext, by: Person): Decision {
  const concerned =
    samePerson(by, federation.requester) ||
    federation.problems.some(({ site }) => isOwner(context.zones.get(site), by));
  if (!concerned) return refuse("not-the-requester");
  if (federation.ended !== null) return refuse("federation-ended");
  return federation.problems.length === 0
    ? refuse("preflight-running")
    : decided({ type: "preflight-asked-again", by });
}

/** A new training site for a federation whose coordinator serves. */
export function requestSite(
  federation: Federation,
  context: DecisionContext,
  wish: SiteWish,
  requester: Person,
): Decision {
  if (federation.ended !== null || federation.teardownAskedBy !== null) return refuse("federation-ended");
  if (federation.trustedAt === null) return refuse("federation-not-running");
  if (!context.zones.has(wish.zone)) return refuse("unknown-zone");
  const present = federation.sites.get(wish.zone);
  if (present?.role === "coordinator") return refuse("zone-already-in");
  if (present !== undefined && present.standing !== "left-out") return refuse("zone-already-in");
  return decided({ type: "site-requested", wish, requester });
}

/** An owner has a failed or unwell site tried anew: same plan, new attempt. */
export function retrySite(federation: Federation, context: DecisionContext, zone: ZoneName, by: Person): Decision {
  const site = federation.sites.get(zone);
  if (site === undefined) return refuse("unknown-card");
  if (!isOwner(context.zones.get(zone), by)) return refuse("not-an-owner");
  if (federation.ended !== null || federation.teardownAskedBy !== null) return refuse("federation-ended");
  if (!canRetry(site)) return refuse("nothing-to-retry");
  return decided(...revocations(federation, zone), { type: "retry-asked", site: zone, by });
}

/** Something of the site has gone wrong that a new attempt could mend. */
export function canRetry(site: Site): boolean {
  if (site.run === null) return false;
  const unwell = site.run.failure !== null || site.status === "down" || site.status === "degraded";
  return unwell || [...site.run.guests.values()].some(isTurnedAway);
}

/** An owner takes its own training site out: at any time, nobody's consent needed. */
export function retireSite(federation: Federation, context: DecisionContext, zone: ZoneName, by: Person): Decision {
  const site = federation.sites.get(zone);
  if (site === undefined) return refuse("unknown-card");
  if (!isOwner(context.zones.get(zone), by)) return refuse("not-an-owner");
  if (site.role === "coordinator") return refuse("coordinator-cannot-retire");
  if (federation.ended !== null) return refuse("federation-ended");
  if (site.standing === "left-out") return NOTHING;
  const retired: FederationEvent = { type: "site-retired", site: zone, by };
  return decided(...revocations(federation, zone), retired, ...endWithout(federation, site));
}

/** The requester or any owner asks; every owner then decides about its own zone. */
export function askTeardown(federation: Federation, context: DecisionContext, by: Person): Decision {
  const concerned =
    samePerson(by, federation.requester) ||
    [...federation.sites.keys()].some((zone) => isOwner(context.zones.get(zone), by));
  if (!concerned) return refuse("not-visible");
  if (federation.ended !== null) return refuse("federation-ended");
  if (federation.teardownAskedBy !== null) return NOTHING;
  const cards: Record<string, CardId> = {};
  for (const site of federation.sites.values()) if (site.run !== null) cards[site.zone] = context.newCard();
  return decided({ type: "teardown-asked", by, cards });
}

/** An owner agrees for its own zone. A training site ends at once, the coordinator after the last of them. */
export function agreeTeardown(
  federation: Federation,
  context: DecisionContext,
  ballot: { readonly card: CardId; readonly by: Person; readonly decision: string },
): Decision {
  const site = siteOfCard(federation, ballot.card);
  if (site === null) return refuse("unknown-card");
  const { by, decision } = ballot;
  if (!isOwner(context.zones.get(site.zone), by)) return refuse("not-an-owner");
  if (site.teardown === null) return refuse("teardown-not-asked");
  if (site.teardown.agreedBy !== null) return NOTHING;
  const agreed: FederationEvent = { type: "teardown-agreed", site: site.zone, by, decision };
  return site.role === "coordinator"
    ? decided(agreed)
    : decided(...revocations(federation, site.zone), agreed, { type: "site-stopped", site: site.zone });
}

/** The coordinator's owner need not wait for the others: they are warned, and it stops a while later. */
export function stopCoordinatorSoon(
  federation: Federation,
  context: DecisionContext,
  card: CardId,
  by: Person,
): Decision {
  const site = siteOfCard(federation, card);
  if (site === null || site.role !== "coordinator") return refuse("unknown-card");
  if (!isOwner(context.zones.get(site.zone), by)) return refuse("not-an-owner");
  if (site.teardown === null) return refuse("teardown-not-asked");
  if (site.run === null) return refuse("nothing-runs");
  if (federation.stopAnnounced !== null) return NOTHING;
  const stopsAt = new Date(Date.parse(context.now) + context.policy.durations.warning).toISOString();
  return decided({ type: "stop-announced", site: site.zone, by, stopsAt });
}

/** What follows by itself once everybody who had to agree has: the coordinator stops, the federation ends. */
export function concludeTeardown(federation: Federation, context: DecisionContext): Decision {
  if (federation.teardownAskedBy === null || federation.ended !== null) return NOTHING;
  const sites = [...federation.sites.values()];
  if (sites.every((site) => site.run === null && site.removals.length === 0)) {
    return decided({ type: "federation-ended", cause: "torn-down", by: federation.teardownAskedBy });
  }
  const coordinator = coordinatorOf(federation);
  if (coordinator.run === null) return NOTHING;
  const others = sites.filter((site) => site.role === "training");
  const othersGone = others.every((site) => site.run === null && site.removals.length === 0);
  const agreed = coordinator.teardown?.agreedBy !== null && coordinator.teardown !== null;
  const announced = federation.stopAnnounced !== null && federation.stopAnnounced <= context.now;
  return (agreed && othersGone) || announced ? decided({ type: "site-stopped", site: coordinator.zone }) : NOTHING;
}

/** Keys of a site's VMs, no longer welcome: the SuperLink unregisters them for ever. */
function revocations(federation: Federation, zone: ZoneName): FederationEvent[] {
  return [...federation.keys.values()]
    .filter((key) => key.site === zone && !key.revoked)
    .map(({ vmId, key }) => ({ type: "key-revoked", site: zone, vmId, key }));
}
