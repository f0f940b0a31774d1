/** Approve, reject, withdraw, expire: what owners decide about one version of what would run. */

import { type Decision, decided, NOTHING } from "../model/decision.ts";
import type { ConsentKind, FederationEvent } from "../model/events.ts";
import { evolve } from "../model/evolve.ts";
import { type CardId, type Person, samePerson } from "../model/identity.ts";
import type { DecisionContext } from "../model/policy.ts";
import { type RefusalCode, refuse } from "../model/reasons.ts";
import {
  coordinatorOf,
  currentProposal,
  type Federation,
  type Proposal,
  type Site,
  trainingSitesOf,
} from "../model/state.ts";
import { decidingZone, isApproved, isOwner, neededKinds } from "./consent.ts";

/** A decision as it came in: on which card, by whom, and what makes a repeat of it the same decision. */
export interface Ballot {
  readonly card: CardId;
  readonly kind: ConsentKind;
  readonly by: Person;
  readonly decision: string;
}

export function giveConsent(federation: Federation, context: DecisionContext, ballot: Ballot): Decision {
  if (wasRecorded(federation, ballot.decision)) return NOTHING;
  const open = openProposal(federation, context, ballot);
  if (typeof open === "string") return refuse(open);
  const { site, proposal } = open;
  const { kind, by, decision } = ballot;
  if (site.consents.some((consent) => consent.kind === kind && samePerson(consent.by, by))) {
    return refuse("already-decided");
  }
  return approving(federation, context, site, {
    type: "consent-given",
    site: site.zone,
    kind,
    by,
    digest: proposal.digest,
    decision,
  });
}

/** What was decided on a site, and the site's approval when nobody's consent is missing after it. */
export function approving(
  federation: Federation,
  context: DecisionContext,
  site: Site,
  ...events: FederationEvent[]
): Decision {
  const after = events.reduce((state, event) => evolve(state, { seq: state.seq, at: context.now, event }), federation);
  const now = after.sites.get(site.zone);
  const proposal = now === undefined ? null : currentProposal(now);
  const completes = now?.standing === "asking" && isApproved(after, now, context);
  if (now === undefined || proposal === null || !completes) return decided(...events);
  return decided(...events, { type: "site-approved", site: site.zone, digest: proposal.digest });
}

/** One owner's rejection is enough: the site is left out, whatever the others said. */
export function refuseConsent(
  federation: Federation,
  context: DecisionContext,
  ballot: Ballot & { because: string },
): Decision {
  if (wasRecorded(federation, ballot.decision)) return NOTHING;
  const open = openProposal(federation, context, ballot);
  if (typeof open === "string") return refuse(open);
  const { site, proposal } = open;
  const { kind, by, decision, because } = ballot;
  const digest = proposal.digest;
  return decided(
    { type: "consent-refused", site: site.zone, kind, by, digest, decision, because },
    ...leaveOut(federation, site, "rejected"),
  );
}

/** A consent may be taken back until the site's wave starts; the site stays approved while enough others agree. */
export function withdrawConsent(federation: Federation, context: DecisionContext, ballot: Ballot): Decision {
  const site = siteOfCard(federation, ballot.card);
  if (site === null) return refuse("unknown-card");
  const { kind, by, decision } = ballot;
  if (wasRecorded(federation, decision)) return NOTHING;
  if (!mayDecide(federation, context, site, ballot)) return refuse("not-an-owner");
  if (site.standing === "left-out") return refuse("not-open");
  if (site.run !== null || federation.ended !== null) return refuse("wave-started");
  const given = site.consents.some((consent) => consent.kind === kind && samePerson(consent.by, by));
  if (!given) return refuse("nothing-to-withdraw");
  return approving(federation, context, site, { type: "consent-withdrawn", site: site.zone, kind, by, decision });
}

/** Sites whose time to decide has run out are left out. */
export function expireProposals(federation: Federation, context: DecisionContext): Decision {
  const late = [...federation.sites.values()].filter((site) => isExpired(site, context.now));
  if (federation.ended !== null || late.length === 0) return NOTHING;
  const events: FederationEvent[] = [];
  let state = federation;
  for (const site of late) {
    if (state.ended !== null) break;
    for (const event of leaveOut(state, site, "expired")) {
      state = evolve(state, { seq: state.seq, at: context.now, event });
      events.push(event);
    }
  }
  return decided(...events);
}

export function isExpired(site: Site, now: string): boolean {
  const proposal = currentProposal(site);
  return site.standing === "asking" && proposal !== null && proposal.expiresAt <= now;
}

/** A left-out coordinator ends the request, and so does a training site without which too few are left. */
function leaveOut(federation: Federation, site: Site, cause: "rejected" | "expired"): FederationEvent[] {
  const left: FederationEvent = { type: "site-left-out", site: site.zone, cause };
  if (site.role === "training") return [left, ...endWithout(federation, site)];
  if (site.attempts > 0) return [left];
  const ended = cause === "rejected" ? "coordinator-rejected" : "coordinator-expired";
  return [left, { type: "federation-ended", cause: ended, by: null }];
}

/**
 * The end of a request that is left with too few training sites. Once something has been created, ending is a
 * matter of teardown: every owner stops its own zone.
 */
export function endWithout(federation: Federation, site: Site): FederationEvent[] {
  if (coordinatorOf(federation).attempts > 0) return [];
  const remaining = trainingSitesOf(federation).filter(
    (other) => other.zone !== site.zone && other.standing !== "left-out",
  );
  return remaining.length < federation.minimumTrainingSites
    ? [{ type: "federation-ended", cause: "too-few-sites", by: null }]
    : [];
}

/** The site a card was made for, in whatever version. */
export function siteOfCard(federation: Federation, card: CardId): Site | null {
  for (const site of federation.sites.values()) {
    if (site.teardown?.card === card || site.proposals.some((proposal) => proposal.card === card)) return site;
  }
  return null;
}

/** The proposal that a ballot may still decide on, or why not. */
export function openProposal(
  federation: Federation,
  context: DecisionContext,
  ballot: Ballot,
): { readonly site: Site; readonly proposal: Proposal } | RefusalCode {
  const site = siteOfCard(federation, ballot.card);
  if (site === null) return "unknown-card";
  if (!mayDecide(federation, context, site, ballot)) return "not-an-owner";
  if (federation.ended !== null) return "federation-ended";
  const proposal = currentProposal(site);
  if (proposal === null || proposal.card !== ballot.card || site.standing === "planning") return "card-superseded";
  if (site.standing === "left-out") return "not-open";
  if (site.run !== null) return "wave-started";
  if (site.standing === "asking" && proposal.expiresAt <= context.now) return "expired";
  return { site, proposal };
}

/** Only a newcomer is admitted, so nobody but its own owners decides on a site of the first plan. */
function mayDecide(federation: Federation, context: DecisionContext, site: Site, { kind, by }: Ballot): boolean {
  return neededKinds(site).includes(kind) && isOwner(context.zones.get(decidingZone(federation, site, kind)), by);
}

export function wasRecorded(federation: Federation, decision: string): boolean {
  return federation.story.some(({ event }) => "decision" in event && event.decision === decision);
}
