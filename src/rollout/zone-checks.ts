/** Looks at zones: for the first plan, before anything is created, and when people ask. */
import { siteOfCard } from "../federation/deciding/approval.ts";
import { type Decision, decided, refuse } from "../federation/model/decision.ts";
import type { Adjustment } from "../federation/model/events.ts";
import type { FederationId, SiteName } from "../federation/model/identity.ts";
import type { SiteProfile } from "../federation/model/policy.ts";
import { sitesByZone } from "../federation/model/site-profiles.ts";
import { coordinatorOf, type Federation, type Site } from "../federation/model/state.ts";
import type { SurveyResult } from "../federation/model/zone-facts.ts";
import type { ZoneCheck, ZoneChecks } from "../federation/ports.ts";
import { adjustProposal, type Unusable } from "../federation/proposing/adjustment.ts";
import { choiceFor } from "../federation/proposing/plan-making.ts";
import { checkAddress } from "../federation/proposing/proposal.ts";
import { mayBegin } from "../federation/running/due-tasks.ts";
import { checkOffers, look } from "./offers.ts";
import { SharedLook } from "./shared-look.ts";
import type { TaskContext } from "./task-context.ts";

export async function surveySite(
  context: TaskContext,
  federation: Federation,
  site: Site,
  { adjustment, oneflowSince = 0 }: { readonly adjustment?: Adjustment; readonly oneflowSince?: number } = {},
): Promise<SurveyResult> {
  const choice = choiceFor(federation, site, context.store.decisionContext(federation.id), adjustment);
  return "code" in choice ? { ok: false, reason: choice } : look(context.zone(site.zone), { ...choice, oneflowSince });
}

/** Milliseconds: whoever asks for all zones so soon after another reads the same answer. */
const FRESH = 5_000;

/** What people ask for beside the tasks that come by themselves. */
export function zoneChecks(context: TaskContext, sites: ReadonlyMap<SiteName, SiteProfile>): ZoneChecks {
  const all = new SharedLook<readonly ZoneCheck[]>(
    () =>
      Promise.all([...sitesByZone(sites.values())].map(([zone, own]) => checkOffers(context.zone(zone), zone, own))),
    FRESH,
  );
  return {
    checkAll: () => all.see(),

    async adjust({ federation: id, ...command }): Promise<Decision | Unusable> {
      const federation = context.store.get(id);
      const site = federation === undefined ? null : siteOfCard(federation, command.card);
      if (federation === undefined || site === null) return refuse("unknown-card");
      const survey = await surveySite(context, federation, site, { adjustment: command.adjustment });
      let unusable: Unusable | null = null;
      const decision = await context.store.update(id, (newest, deciding) => {
        const outcome = adjustProposal(newest, { ...command, survey }, deciding);
        if (!("problems" in outcome)) return outcome;
        unusable = outcome;
        return decided();
      });
      return unusable ?? decision;
    },

    recheckAddress(id: FederationId): void {
      const federation = context.store.get(id);
      if (federation === undefined || federation.address === null) return;
      const coordinator = coordinatorOf(federation);
      // What begins now is looked at in any case, and what has begun holds its address.
      if (coordinator.attempts > 0 || mayBegin(federation, coordinator)) return;
      surveySite(context, federation, coordinator)
        .then((seen) => context.store.update(id, (newest, deciding) => checkAddress(newest, seen, deciding)))
        .catch((error: unknown) =>
          context.log.warn({ federation: id, err: error }, "the address could not be looked at again"),
        );
    },
  };
}
