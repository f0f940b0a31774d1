/** Looks at zones: for the first plan, before anything is created, and when people ask. */
import type { Ballot } from "../federation/deciding/approval.ts";
import { siteOfCard } from "../federation/deciding/approval.ts";
import type { Decision } from "../federation/model/decision.ts";
import type { Adjustment, Reason } from "../federation/model/events.ts";
import type { FederationId, ZoneName } from "../federation/model/identity.ts";
import { framework, type Settings } from "../federation/model/plan.ts";
import type { ZoneProfile } from "../federation/model/policy.ts";
import { refuse } from "../federation/model/reasons.ts";
import { coordinatorOf, type Federation, type Site } from "../federation/model/state.ts";
import { ZoneError } from "../federation/model/zone-facts.ts";
import { type Choice, chooseFor, judge, type Look, zoneReason } from "../federation/proposing/preflight.ts";
import { adjustProposal, checkAddress, choiceFor } from "../federation/proposing/proposal.ts";
import type { TaskContext } from "./task-context.ts";

/** Looks at a zone with what would be used there; a zone that cannot be looked at is an answer too. */
async function look(context: TaskContext, zone: ZoneName, choice: Choice): Promise<Look> {
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
  adjustment?: Adjustment,
): Promise<Look> {
  const choice = choiceFor(federation, site, context.store.decisionContext(federation.id), adjustment);
  return "code" in choice ? { ok: false, reason: choice } : look(context, site.zone, choice);
}

export interface ZoneCheck {
  readonly zone: ZoneName;
  /** OpenNebula's version when it answered. */
  readonly version: string | null;
  readonly problems: readonly Reason[];
}

/** What people ask for beside the tasks that come by themselves. */
export function zoneChecks(context: TaskContext, zones: ReadonlyMap<ZoneName, ZoneProfile>) {
  return {
    checkAll: (): Promise<readonly ZoneCheck[]> =>
      Promise.all([...zones.values()].map((profile) => checkOffers(context, profile))),

    async adjust(input: {
      readonly federation: FederationId;
      readonly card: Ballot["card"];
      readonly by: Ballot["by"];
      readonly decision: string;
      readonly adjustment: Adjustment;
    }): Promise<Decision | { readonly ok: false; readonly problems: readonly Reason[] }> {
      const federation = context.store.get(input.federation);
      const site = federation === undefined ? null : siteOfCard(federation, input.card);
      if (federation === undefined || site === null) return refuse("unknown-card");
      const seen = await surveySite(context, federation, site, input.adjustment);
      const ballot: Ballot = { card: input.card, kind: "run", by: input.by, decision: input.decision };
      let problems: readonly Reason[] = [];
      const decision = await context.store.update(federation.id, (newest, deciding) => {
        const outcome = adjustProposal(newest, deciding, ballot, input.adjustment, seen);
        if (!("problems" in outcome)) return outcome;
        problems = outcome.problems;
        return { ok: true, events: [] };
      });
      return problems.length > 0 ? { ok: false, problems } : decision;
    },

    recheckAddress(id: FederationId): void {
      const federation = context.store.get(id);
      if (federation === undefined || federation.address === null) return;
      surveySite(context, federation, coordinatorOf(federation))
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
