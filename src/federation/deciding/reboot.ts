/** An owner has VMs rebooted: the gentler way where nothing needs to be made anew. */
import type { OnSite } from "../model/commands.ts";
import { type Decision, decided, refuse } from "../model/decision.ts";
import type { DecisionContext } from "../model/policy.ts";
import { isRebootBudgetSpent, rebootable, rebootUnderWay } from "../model/reboot.ts";
import type { Federation, Site } from "../model/state.ts";
import { siteOfCard } from "./approval.ts";
import { isOwner } from "./consent.ts";

export function rebootSite(federation: Federation, context: DecisionContext, { card, by }: OnSite): Decision {
  const site = siteOfCard(federation, card);
  if (site === null) return refuse("unknown-card");
  if (!isOwner(context, site.name, by)) return refuse("not-an-owner");
  if (federation.ended !== null) return refuse("federation-ended");
  if (federation.teardown !== null) return refuse("teardown-under-way");
  if (rebootUnderWay(site) !== null) return refuse("reboot-under-way");
  if (!canReboot(federation, site)) return refuse("nothing-to-reboot");
  if (site.deployment !== null && isRebootBudgetSpent(site.deployment, context.now)) return refuse("too-many-reboots");
  const vms = [...rebootable(federation, site)].map(([vmId, action]) => ({ vmId, action }));
  return decided({ type: "reboot-asked", site: site.name, by, vms });
}

/** Something is wrong with its VMs that a reboot could cure, and nothing was asked for yet that would replace them. */
export const canReboot = (federation: Federation, site: Site): boolean =>
  site.retryAskedBy === null && rebootUnderWay(site) === null && rebootable(federation, site).size > 0;
