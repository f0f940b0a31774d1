/** From looks at zones to plans put before their owners, and again when a zone has changed. */
import { approving } from "../deciding/approval.ts";
import { isApproved } from "../deciding/consent.ts";
import { revocations } from "../deciding/revocations.ts";
import { type Decision, decided, refuse } from "../model/decision.ts";
import { canonical } from "../model/digest.ts";
import type { EventOf, FederationEvent, Reason } from "../model/events.ts";
import { after } from "../model/evolve.ts";
import type { SiteName } from "../model/identity.ts";
import type { DecisionContext } from "../model/policy.ts";
import { coordinatorOf, currentProposal, type Federation, type Proposal, type Site } from "../model/state.ts";
import type { SurveyResult } from "../model/zone-facts.ts";
import { type Needs, together } from "./headroom.ts";
import {
  assess,
  bindingsOf,
  comparableDigest,
  diskOf,
  expiryFrom,
  isUsable,
  neededBy,
  newestBindings,
  planOf,
  proposed,
  type Usable,
} from "./plan-making.ts";
import { isTransient } from "./preflight.ts";
import {
  addressLost,
  type ChosenEndpoint,
  chosenEndpoint,
  dialledBy,
  endpointFor,
  moveFrom,
} from "./superlink-endpoint.ts";

/** A look at the zone of each site that was looked at. */
export type Surveys = ReadonlyMap<SiteName, SurveyResult>;

/** Plans for the sites that were asked for first, all together; or everything that stands in the way of any of them. */
export function proposeSites(federation: Federation, surveys: Surveys, context: DecisionContext): Decision {
  const waiting = [...federation.sites.values()].filter(
    ({ name, approvalState, joinedLater }) => approvalState === "planning" && !joinedLater && surveys.has(name),
  );
  const assessed = assessedTogether(federation, waiting, surveys, context);
  const coordinator = coordinatorOf(federation);
  const own = assessed.find(({ site }) => site.name === coordinator.name)?.outcome;
  const networks = assessed.flatMap(({ outcome }) => (isUsable(outcome) ? [outcome.network] : []));
  const network = own !== undefined && isUsable(own) ? own.network : undefined;
  const chosen = endpointFor(federation, network, networks, context);
  const addressProblem = chosen !== null && "code" in chosen ? [chosen] : [];
  const problems = assessed.map(({ site, outcome }) => ({
    site,
    reasons: [...(isUsable(outcome) ? [] : outcome), ...(site.role === "coordinator" ? addressProblem : [])],
  }));
  if (chosen === null || "code" in chosen || problems.some(({ reasons }) => reasons.length > 0)) {
    return decided(...problems.flatMap(({ site, reasons }) => problemsOf(site, reasons)));
  }
  const choosing: FederationEvent[] = federation.endpoint === null ? [{ type: "endpoint-chosen", ...chosen }] : [];
  const events = [...choosing];
  for (const { site, outcome } of assessed) {
    // What one of them is given in the zone is no other's.
    const state = after(federation, events, context.now);
    if (isUsable(outcome)) events.push(requested(state, site, outcome, chosen, context));
  }
  return decided(...events);
}

/** The plan for a site that joins later: it waits for nobody else, and nobody else for it. */
export function proposeLater(
  federation: Federation,
  name: SiteName,
  survey: SurveyResult,
  context: DecisionContext,
): Decision {
  const site = federation.sites.get(name);
  if (site === undefined || site.approvalState !== "planning" || !site.joinedLater) return decided();
  const facts = assess(federation, site, survey, context);
  if (!isUsable(facts)) return decided(...problemsOf(site, facts));
  return decided(requested(federation, site, facts, chosenEndpoint(federation), context));
}

interface Assessed {
  readonly site: Site;
  readonly outcome: Usable | readonly Reason[];
}

/** Each site for itself, and then with what the others take of the same zone. */
function assessedTogether(
  federation: Federation,
  sites: readonly Site[],
  surveys: Surveys,
  context: DecisionContext,
): readonly Assessed[] {
  const alone = sites.map((site) => ({ site, outcome: outcomeOf(federation, site, surveys, context) }));
  return alone.map(({ site, outcome }) => {
    const others = alone.filter((other) => other.site.zone === site.zone && other.site !== site);
    const needs = others.flatMap((other) => (isUsable(other.outcome) ? [neededBy(other.outcome)] : []));
    if (needs.length === 0) return { site, outcome };
    return { site, outcome: outcomeOf(federation, site, surveys, context, together(needs)) };
  });
}

function outcomeOf(
  federation: Federation,
  site: Site,
  surveys: Surveys,
  context: DecisionContext,
  beside?: Needs,
): Usable | readonly Reason[] {
  const survey = surveys.get(site.name);
  return survey === undefined ? [] : assess(federation, site, survey, context, undefined, beside);
}

function requested(
  federation: Federation,
  site: Site,
  facts: Usable,
  chosen: ChosenEndpoint,
  context: DecisionContext,
): EventOf<"site-planned"> {
  const plan = planOf(federation, site, facts, chosen, context, newestBindings(federation, site, context));
  return proposed(site, { plan, disk: diskOf(facts) }, context, { cause: "requested", adjustment: {} });
}

/**
 * Just before anything is created or replaced: the approvals and the zone are looked at again, and what changed since
 * voids them. What is the same begins as it was approved, also after an upgrade of this program.
 */
export function beginAttempt(
  federation: Federation,
  name: SiteName,
  survey: SurveyResult,
  context: DecisionContext,
): Decision {
  const site = federation.sites.get(name);
  const proposal = site === undefined ? null : currentProposal(site);
  if (site === undefined || proposal === null || site.approvalState !== "approved") return refuse("not-open");
  if (approvalLapsed(federation, site, context)) return decided(lapsed(site, context));
  const facts = assess(federation, site, survey, context, proposal.adjustment);
  if (!isUsable(facts)) return decided(...problemsOf(site, facts));
  if (addressLost(federation, site, facts.network)) return moveEndpoint(federation, site, facts, context);
  const changed = changedSince(federation, site, proposal, facts, context);
  // What runs already was approved, and is not asked about again when a zone is as it was.
  if (changed !== null) return approving(federation, context, site, changed);
  // The VMs that are replaced lose their keys; those that come publish their own.
  const replaced = site.deployment === null ? [] : revocations(federation, name);
  const { digest } = proposal;
  const started: FederationEvent = { type: "attempt-started", site: name, attempt: site.attempts + 1, digest };
  return decided(...replaced, started, { type: "account-seen", site: name, account: facts.account });
}

/** Whoever asked for a retry is an owner and wants the same as runs: nobody else has to agree anew. */
const approvalLapsed = (federation: Federation, site: Site, context: DecisionContext): boolean =>
  site.retryAskedBy === null && !isApproved(federation, site, context);

const lapsed = (site: Site, context: DecisionContext): FederationEvent => ({
  type: "approval-lapsed",
  site: site.name,
  expiresAt: expiryFrom(context),
});

/** The version to be asked about, when what would come is not what was approved; null when it is. */
function changedSince(
  federation: Federation,
  site: Site,
  proposal: Proposal,
  facts: Usable,
  context: DecisionContext,
): EventOf<"site-planned"> | null {
  const chosen = chosenEndpoint(federation);
  const bindings = bindingsOf(federation, proposal.plan, context);
  const sameAgain = bindings === null ? null : planOf(federation, site, facts, chosen, context, bindings);
  if (sameAgain !== null && comparableDigest(sameAgain, proposal.plan) === proposal.digest) return null;
  const plan = planOf(federation, site, facts, chosen, context, newestBindings(federation, site, context));
  const cause = bindings === null ? "bot-upgraded" : "zone-changed";
  return proposed(site, { plan, disk: diskOf(facts) }, context, { cause });
}

/** Before the coordinator's first attempt: approvals that do not hold any more are void already. */
export function recheckApprovals(federation: Federation, surveys: Surveys, context: DecisionContext): Decision {
  const events = [...surveys].flatMap(([name, survey]): readonly FederationEvent[] => {
    const site = federation.sites.get(name);
    const proposal = site === undefined ? null : currentProposal(site);
    if (site === undefined || proposal === null) return [];
    if (site.approvalState !== "approved" || site.deployment !== null) return [];
    if (approvalLapsed(federation, site, context)) return [lapsed(site, context)];
    const facts = assess(federation, site, survey, context, proposal.adjustment);
    // What else is wrong in the zone is told when its own turn comes.
    const changed = isUsable(facts) ? changedSince(federation, site, proposal, facts, context) : null;
    return changed === null ? [] : [changed];
  });
  return decided(...events);
}

/** After an approval: an address that somebody else has taken meanwhile is replaced, and owners are asked again. */
export function checkAddress(federation: Federation, survey: SurveyResult, context: DecisionContext): Decision {
  const coordinator = coordinatorOf(federation);
  const proposal = currentProposal(coordinator);
  if (proposal === null || coordinator.attempts > 0 || federation.ended !== null) return decided();
  const facts = assess(federation, coordinator, survey, context, proposal.adjustment);
  return isUsable(facts) && addressLost(federation, coordinator, facts.network)
    ? moveEndpoint(federation, coordinator, facts, context)
    : decided();
}

/** Told once: problems that are known already are not told again. */
function problemsOf(site: Site, problems: readonly Reason[]): readonly FederationEvent[] {
  const codes = (reasons: readonly Reason[]): string => canonical(reasons.map(({ code }) => code).toSorted());
  return codes(site.problems) === codes(problems)
    ? []
    : [{ type: "preflight-failed", site: site.name, problems: problems.slice(0, MAX_PROBLEMS) }];
}
const MAX_PROBLEMS = 20;

/** Problems that need a person: whatever waits for them is not tried again until somebody asks. */
export const isBlocked = ({ problems }: Site): boolean => problems.some((problem) => !isTransient(problem));

/** The address was lost to somebody else: another is picked and every owner is asked again. */
function moveEndpoint(federation: Federation, coordinator: Site, facts: Usable, context: DecisionContext): Decision {
  const moved = moveFrom(federation, facts.network, context);
  if ("code" in moved) return decided(...problemsOf(coordinator, [moved]));
  const plan = planOf(federation, coordinator, facts, moved, context, newestBindings(federation, coordinator, context));
  return decided(
    { type: "endpoint-chosen", ...moved },
    proposed(coordinator, { plan, disk: diskOf(facts) }, context, { cause: "address-changed" }),
    ...redialled(federation, coordinator, moved, context),
  );
}

/** The other sites' plans with the new endpoint and nothing else changed. */
export function redialled(
  federation: Federation,
  except: Site,
  chosen: ChosenEndpoint,
  context: DecisionContext,
): readonly FederationEvent[] {
  return [...federation.sites.values()].flatMap((site) => {
    const proposal = currentProposal(site);
    const open = site.approvalState === "pending" || site.approvalState === "approved";
    if (site.name === except.name || !open || proposal === null) return [];
    const endpoint = dialledBy(federation, site, chosen);
    if (canonical(endpoint) === canonical(proposal.plan.endpoint)) return [];
    const again = { ...proposal, plan: { ...proposal.plan, endpoint } };
    return [proposed(site, again, context, { cause: "address-changed", by: proposal.by })];
  });
}
