/** Approve, reject, withdraw, expire: what owners decide about one version of what would run. */
import type { Approve, Reject, Vote, Withdraw } from "../model/commands.ts";
import { type Decision, decided, NOTHING, refuse } from "../model/decision.ts";
import type { FederationEvent } from "../model/events.ts";
import { after } from "../model/evolve.ts";
import { type CardId, samePerson } from "../model/identity.ts";
import type { DecisionContext } from "../model/policy.ts";
import type { RefusalCode } from "../model/reasons.ts";
import {
  coordinatorOf,
  currentProposal,
  type Federation,
  type Proposal,
  type Site,
  trainingSitesOf,
} from "../model/state.ts";
import { decidingSite, isApproved, isOwner, neededKinds } from "./consent.ts";

export function giveConsent(federation: Federation, context: DecisionContext, vote: Approve): Decision {
  const open = openProposal(federation, context, vote);
  if (typeof open === "string") return refuse(open);
  const { site, proposal } = open;
  const { consent: kind, by } = vote;
  const { digest } = proposal;
  const isSame = (given: Site["consents"][number]): boolean =>
    given.kind === kind && given.digest === digest && samePerson(given.by, by);
  if (site.consents.some(isSame)) return refuse("already-decided");
  return approving(federation, context, site, { type: "consent-given", site: site.name, kind, by, digest });
}

/** What was decided on a site, and the site's approval when nobody's consent is missing after it. */
export function approving(
  federation: Federation,
  context: DecisionContext,
  site: Site,
  ...events: readonly FederationEvent[]
): Decision {
  const then = after(federation, events, context.now);
  const now = then.sites.get(site.name);
  const proposal = now === undefined ? null : currentProposal(now);
  const completes = now?.approvalState === "pending" && isApproved(then, now, context);
  if (now === undefined || proposal === null || !completes) return decided(...events);
  return decided(...events, { type: "site-approved", site: site.name, digest: proposal.digest });
}

/** One owner's rejection is enough: the version will not run, whatever the others said. */
export function refuseConsent(federation: Federation, context: DecisionContext, vote: Reject): Decision {
  const open = openProposal(federation, context, vote);
  if (typeof open === "string") return refuse(open);
  const { site, proposal } = open;
  const { consent: kind, by, because } = vote;
  const refused = { type: "consent-refused", site: site.name, kind, by, digest: proposal.digest, because } as const;
  return decided(refused, ...without(federation, site, "rejected"));
}

/** A consent may be taken back until the site's wave starts; the site stays approved while enough others agree. */
export function withdrawConsent(federation: Federation, context: DecisionContext, vote: Withdraw): Decision {
  const site = siteOfCard(federation, vote.card);
  if (site === null) return refuse("unknown-card");
  const { consent: kind, by } = vote;
  if (!mayDecide(federation, context, site, vote)) return refuse("not-an-owner");
  if (site.approvalState === "excluded") return refuse("not-open");
  if (runsAsProposed(site) || federation.ended !== null) return refuse("wave-started");
  const given = site.consents.some((consent) => consent.kind === kind && samePerson(consent.by, by));
  if (!given) return refuse("nothing-to-withdraw");
  return approving(federation, context, site, { type: "consent-withdrawn", site: site.name, kind, by });
}

/** Sites whose time has run out, to be decided on or to be planned, are excluded; what runs already goes on. */
export function expireProposals(federation: Federation, context: DecisionContext): Decision {
  if (federation.ended !== null) return NOTHING;
  const events: FederationEvent[] = [];
  let state = federation;
  for (const { name } of federation.sites.values()) {
    const site = state.sites.get(name);
    if (site === undefined || state.ended !== null || !isExpired(site, context)) continue;
    const found = without(state, site, "expired");
    state = after(state, found, context.now);
    events.push(...found);
  }
  return decided(...events);
}

/** A request that could not be planned for as long as people have to decide is out of time too. */
export function isExpired(site: Site, { now, policy }: Pick<DecisionContext, "now" | "policy">): boolean {
  if (site.approvalState === "planning") {
    return Date.parse(now) >= Date.parse(site.requestedAt) + policy.durations.approvalExpiry;
  }
  const proposal = currentProposal(site);
  return site.approvalState === "pending" && proposal !== null && proposal.expiresAt <= now;
}

/** What follows when a version is not to run: what runs already is left alone, else the site is out. */
function without(federation: Federation, site: Site, cause: "rejected" | "expired"): readonly FederationEvent[] {
  if (site.deployment !== null) return [{ type: "proposal-dropped", site: site.name, cause }];
  const excluded: FederationEvent = { type: "site-excluded", site: site.name, cause };
  if (site.role === "training") return [excluded, ...endWithout(federation, [site])];
  const ended = cause === "rejected" ? "coordinator-rejected" : "coordinator-expired";
  return [excluded, { type: "federation-ended", cause: ended, by: null }];
}

/**
 * The end of a request that is left with too few training sites without these. Once something has been created, ending is a
 * matter of teardown: every owner stops its own zone.
 */
export function endWithout(federation: Federation, gone: readonly Site[]): readonly FederationEvent[] {
  if (coordinatorOf(federation).attempts > 0) return [];
  const remaining = trainingSitesOf(federation).filter(
    (other) => !gone.includes(other) && other.approvalState !== "excluded",
  );
  return remaining.length < federation.minimumTrainingSites
    ? [{ type: "federation-ended", cause: "too-few-sites", by: null }]
    : [];
}

/** The site a card was made for, in whatever version. */
export function siteOfCard(federation: Federation, card: CardId): Site | null {
  for (const site of federation.sites.values()) {
    if (site.teardown?.card === card || site.withdrawnTeardowns.includes(card)) return site;
    if (site.goOns.some((goOn) => goOn.card === card)) return site;
    if (site.proposals.some((proposal) => proposal.card === card)) return site;
  }
  return null;
}

/** The proposal that a vote may still decide on, or why not. */
export function openProposal(
  federation: Federation,
  context: DecisionContext,
  vote: Pick<Vote, "card" | "consent" | "by">,
): { readonly site: Site; readonly proposal: Proposal } | RefusalCode {
  const site = siteOfCard(federation, vote.card);
  if (site === null) return "unknown-card";
  if (!mayDecide(federation, context, site, vote)) return "not-an-owner";
  if (federation.ended !== null) return "federation-ended";
  const proposal = currentProposal(site);
  if (proposal === null || proposal.card !== vote.card || site.approvalState === "planning") return "card-superseded";
  if (site.approvalState === "excluded") return "not-open";
  if (site.approvalState === "approved" && runsAsProposed(site)) return "wave-started";
  if (isExpired(site, context)) return "expired";
  return { site, proposal };
}

/** What was approved last is what runs. */
export const runsAsProposed = (site: Site): boolean =>
  site.deployment !== null && site.deployment.digest === currentProposal(site)?.digest;

/** Only a site that joins later is admitted, so nobody but its own owners decides on a site of the first plan. */
function mayDecide(
  federation: Federation,
  context: DecisionContext,
  site: Site,
  { consent: kind, by }: Pick<Vote, "consent" | "by">,
): boolean {
  return neededKinds(site).includes(kind) && isOwner(context, decidingSite(federation, site, kind), by);
}
