/** Looks at zones: for the first plan, before anything is created, and when people ask. */
import { siteOfCard } from "../federation/deciding/approval.ts";
import { type Decision, decided, refuse } from "../federation/model/decision.ts";
import type { Adjustment, Reason } from "../federation/model/events.ts";
import type { FederationId, ZoneName } from "../federation/model/identity.ts";
import { framework, type Settings } from "../federation/model/plan.ts";
import type { ZoneProfile } from "../federation/model/policy.ts";
import { coordinatorOf, type Federation, type Site } from "../federation/model/state.ts";
import { type SurveyQuery, type SurveyResult, ZoneError } from "../federation/model/zone-facts.ts";
import type { ZoneCheck, ZoneChecks } from "../federation/ports.ts";
import { adjustProposal, type Unusable } from "../federation/proposing/adjustment.ts";
import { choiceFor } from "../federation/proposing/plan-making.ts";
import { type Choice, chooseFor, judge, zoneReason } from "../federation/proposing/preflight.ts";
import { checkAddress } from "../federation/proposing/proposal.ts";
import { mayBegin } from "../federation/running/due-tasks.ts";
import { SharedLook } from "./shared-look.ts";
import type { TaskContext } from "./task-context.ts";

/** Looks at a zone with what would be used there; a zone that cannot be looked at is an answer too. */
async function look(context: TaskContext, zone: ZoneName, choice: Choice & SurveyQuery): Promise<SurveyResult> {
  try {
    return { ok: true, survey: await context.zone(zone).survey(choice) };
  } catch (error) {
    if (error instanceof ZoneError) return { ok: false, reason: zoneReason(error) };
    throw error;
  }
}

export async function surveySite(
  context: TaskContext,
  federation: Federation,
  site: Site,
  { adjustment, oneflowSince = 0 }: { readonly adjustment?: Adjustment; readonly oneflowSince?: number } = {},
): Promise<SurveyResult> {
  const choice = choiceFor(federation, site, context.store.decisionContext(federation.id), adjustment);
  return "code" in choice ? { ok: false, reason: choice } : look(context, site.zone, { ...choice, oneflowSince });
}

/** Milliseconds: whoever asks for all zones so soon after another reads the same answer. */
const FRESH = 5_000;

/** What people ask for beside the tasks that come by themselves. */
export function zoneChecks(context: TaskContext, zones: ReadonlyMap<ZoneName, ZoneProfile>): ZoneChecks {
  const all = new SharedLook<readonly ZoneCheck[]>(
    () => Promise.all([...zones.values()].map((profile) => checkOffers(context, profile))),
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

/** One look for each template that the zone offers. */
async function checkOffers(context: TaskContext, profile: ZoneProfile): Promise<ZoneCheck> {
  const problems: Reason[] = [];
  let version: string | null = null;
  for (const choice of offers(profile)) {
    const seen = await look(context, profile.name, choice);
    if (!seen.ok) return { zone: profile.name, version, problems: [seen.reason] };
    version = seen.survey.version;
    const judged = judge(seen.survey, choice);
    if (!("template" in judged)) problems.push(...judged);
  }
  const once = new Map(problems.map((problem) => [`${problem.code} ${problem.detail}`, problem]));
  return { zone: profile.name, version, problems: [...once.values()] };
}

function offers(profile: ZoneProfile): readonly Choice[] {
  const anySettings = (wanted: Settings["framework"]): Settings => ({
    flowerVersion: "",
    framework: wanted,
    keepaliveTime: 0,
    keepaliveTimeout: 0,
  });
  const training = framework.options
    .filter((option) => profile.templates.supernode[option] !== undefined)
    .map((option) =>
      chooseFor(profile, { zone: profile.name, role: "training", superNodes: 1 }, anySettings(option), {}),
    );
  const coordinating =
    profile.templates.superlink === null
      ? []
      : [chooseFor(profile, { zone: profile.name, role: "coordinator", superNodes: 0 }, anySettings("none"), {})];
  return [...coordinating, ...training].flatMap((choice) => ("code" in choice ? [] : [choice]));
}
