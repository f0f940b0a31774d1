/** What people ask for beside approving: cancel, add, retry, retire. */
import type { OnFederation, OnSite, RequestSite } from "../model/commands.ts";
import { type Decision, decided, NOTHING, refuse } from "../model/decision.ts";
import type { FederationEvent } from "../model/events.ts";
import { samePerson } from "../model/identity.ts";
import { MAX_SUPERNODES } from "../model/limits.ts";
import { superNodesOf } from "../model/plan.ts";
import type { DecisionContext } from "../model/policy.ts";
import {
  currentProposal,
  type Federation,
  isTunnelTurnedAway,
  isTurnedAway,
  type Site,
  trainingSitesOf,
} from "../model/state.ts";
import { statusOf } from "../model/status.ts";
import { endWithout, siteOfCard } from "./approval.ts";
import { isOwner } from "./consent.ts";
import { revocations } from "./revocations.ts";

/** The requester may cancel while nothing has been created. */
export function cancelRequest(federation: Federation, _context: DecisionContext, { by }: OnFederation): Decision {
  if (!samePerson(by, federation.requester)) return refuse("not-the-requester");
  if (federation.ended !== null) return refuse("federation-ended");
  const created = [...federation.sites.values()].some((site) => site.attempts > 0);
  return created ? refuse("something-exists") : decided({ type: "federation-ended", cause: "cancelled", by });
}

/** Whoever asked, or an owner of a zone with a problem, has the zones looked at again. */
export function askPreflightAgain(federation: Federation, context: DecisionContext, { by }: OnFederation): Decision {
  const blocked = [...federation.sites.values()].filter(({ problems }) => problems.length > 0);
  const concerned =
    samePerson(by, federation.requester) ||
    blocked.some((site) => isOwner(context, site.name, by) || samePerson(by, site.requester));
  if (!concerned) return refuse("not-the-requester");
  if (federation.ended !== null) return refuse("federation-ended");
  return blocked.length === 0 ? refuse("preflight-running") : decided({ type: "preflight-asked-again", by });
}

/** One more training site for a federation whose coordinator serves. */
export function requestSite(federation: Federation, context: DecisionContext, { wish, by }: RequestSite): Decision {
  if (federation.ended !== null) return refuse("federation-ended");
  if (federation.teardown !== null) return refuse("teardown-under-way");
  if (federation.trustedAt === null) return refuse("federation-not-running");
  if (!context.sites.has(wish.site)) return refuse("unknown-zone");
  const present = federation.sites.get(wish.site);
  if (present?.role === "coordinator") return refuse("zone-already-in");
  if (present !== undefined && present.approvalState !== "excluded") return refuse("zone-already-in");
  if (superNodesIn(federation) + wish.superNodes > MAX_SUPERNODES) return refuse("too-many-supernodes");
  return decided({ type: "site-requested", wish, requester: by });
}

/** SuperNodes of all sites that take part or may still do. */
function superNodesIn(federation: Federation): number {
  return trainingSitesOf(federation)
    .filter(({ approvalState }) => approvalState !== "excluded")
    .reduce((sum, site) => {
      const plan = currentProposal(site)?.plan;
      return sum + (plan === undefined ? site.wish.superNodes : superNodesOf(plan));
    }, 0);
}

/**
 * An owner has a failed or unwell site tried anew. Nothing is removed yet: the zone is looked at first, and where the
 * same plan can be had again it takes the place of what runs; else its owners are asked about what has changed.
 */
export function retrySite(federation: Federation, context: DecisionContext, { card, by }: OnSite): Decision {
  const site = siteOfCard(federation, card);
  if (site === null) return refuse("unknown-card");
  if (!isOwner(context, site.name, by)) return refuse("not-an-owner");
  if (federation.ended !== null) return refuse("federation-ended");
  if (federation.teardown !== null) return refuse("teardown-under-way");
  if (!canRetry(federation, site)) return refuse("nothing-to-retry");
  return decided({ type: "retry-asked", site: site.name, by });
}

/** Something of the site has gone wrong that a new attempt could mend, and none has been asked for yet. */
export function canRetry(federation: Federation, site: Site): boolean {
  const { deployment } = site;
  if (deployment === null || site.retryAskedBy !== null || site.approvalState !== "approved") return false;
  const { status } = statusOf(federation, site);
  const unwell = deployment.failure !== null || status === "down" || status === "degraded" || status === "unsteady";
  return unwell || [...deployment.vms.values()].some((vm) => isTurnedAway(vm) || isTunnelTurnedAway(vm) || vm.gone);
}

/** An owner takes its own training site out: at any time, nobody's consent needed. */
export function retireSite(federation: Federation, context: DecisionContext, { card, by }: OnSite): Decision {
  const site = siteOfCard(federation, card);
  if (site === null) return refuse("unknown-card");
  if (!isOwner(context, site.name, by)) return refuse("not-an-owner");
  if (site.role === "coordinator") return refuse("coordinator-cannot-retire");
  if (federation.ended !== null) return refuse("federation-ended");
  if (site.approvalState === "excluded") return NOTHING;
  const retired: FederationEvent = { type: "site-retired", site: site.name, by };
  return decided(...revocations(federation, site.name), retired, ...endWithout(federation, [site]));
}
