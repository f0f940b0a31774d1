/** Whether a zone can do what the zones file says that it offers. Only looks. */
import { canonical } from "../federation/model/digest.ts";
import type { Reason } from "../federation/model/events.ts";
import type { ZoneName } from "../federation/model/identity.ts";
import { framework, type Settings } from "../federation/model/plan.ts";
import type { SiteProfile } from "../federation/model/policy.ts";
import { type ObjectRef, type SurveyQuery, type SurveyResult, ZoneError } from "../federation/model/zone-facts.ts";
import type { Zone, ZoneCheck } from "../federation/ports.ts";
import { type Choice, chooseFor, judge, zoneReason } from "../federation/proposing/preflight.ts";

type Looking = Pick<Zone, "survey">;

/** Looks at a zone with what would be used there; a zone that cannot be looked at is an answer too. */
export async function look(zone: Looking, query: SurveyQuery): Promise<SurveyResult> {
  try {
    return { ok: true, survey: await zone.survey(query) };
  } catch (error) {
    if (error instanceof ZoneError) return { ok: false, reason: zoneReason(error) };
    throw error;
  }
}

/** One look for each template that the zone's sites offer. */
export async function checkOffers(zone: Looking, name: ZoneName, sites: readonly SiteProfile[]): Promise<ZoneCheck> {
  const problems: Reason[] = [];
  let version: string | null = null;
  const choices = new Map(sites.flatMap(offers).map((choice) => [canonical(choice), choice]));
  for (const choice of choices.values()) {
    const seen = await look(zone, choice);
    if (!seen.ok) return { zone: name, version, problems: [seen.reason] };
    version = seen.survey.version;
    const judged = judge(seen.survey, choice);
    if (!("template" in judged)) problems.push(...judged);
  }
  const once = new Map(problems.map((problem) => [`${problem.code} ${problem.detail}`, problem]));
  return { zone: name, version, problems: [...once.values()] };
}

/** Of a template or a network that an owner may choose instead, what stands in its way. */
export interface AlternativeCheck {
  readonly of: "template" | "network";
  readonly asked: ObjectRef;
  readonly problems: readonly Reason[];
}

/** One look for each alternative. A zone that cannot be looked at gives none: that is told by `checkOffers`. */
export async function checkAlternatives(zone: Looking, profile: SiteProfile): Promise<readonly AlternativeCheck[]> {
  const [usual] = offers(profile);
  if (usual === undefined) return [];
  const { superlink, supernode, gateway } = profile.templates;
  const looked: readonly unknown[] = [superlink, ...Object.values(supernode)];
  // Where no gateway is usual, an owner may choose one.
  const others = gateway === null || profile.tunnelWay === "gateway" ? [] : [gateway];
  const templates = [...profile.alternatives.templates, ...others].filter((asked) => !looked.includes(asked));
  const networks = profile.alternatives.networks.filter((asked) => asked !== profile.network);
  const choices = [
    ...templates.map((asked) => ({ of: "template" as const, asked, choice: { ...usual, template: asked } })),
    ...networks.map((asked) => ({ of: "network" as const, asked, choice: { ...usual, network: asked } })),
  ];
  const checks: AlternativeCheck[] = [];
  for (const { of, asked, choice } of choices) {
    const seen = await look(zone, choice);
    if (!seen.ok) return checks;
    const judged = judge(seen.survey, choice);
    const problems = "template" in judged ? [] : judged.filter(({ code }) => IS_OF[of].test(code));
    checks.push({ of, asked, problems });
  }
  return checks;
}

/** Codes of what is wrong with the one, whatever else is. */
const IS_OF = { template: /^(template|image)-/, network: /^(network-|no-free-address$)/ } as const;

function offers(profile: SiteProfile): readonly Choice[] {
  const anySettings = (wanted: Settings["framework"]): Settings => ({
    flowerVersion: "",
    framework: wanted,
    keepaliveTime: 0,
    keepaliveTimeout: 0,
  });
  const training = framework.options
    .filter((option) => profile.templates.supernode[option] !== undefined)
    .map((option) =>
      chooseFor(profile, { site: profile.name, role: "training", superNodes: 1 }, anySettings(option), {}),
    );
  const coordinating =
    profile.templates.superlink === null
      ? []
      : [chooseFor(profile, { site: profile.name, role: "coordinator", superNodes: 0 }, anySettings("none"), {})];
  const { gateway } = profile.templates;
  // A gateway comes with either; one look shows its template, and whether there is room for it.
  const usual = gateway !== null && profile.tunnelWay === "gateway" ? { gateway } : {};
  return [coordinating, training].flatMap((choices) => {
    const [first, ...others] = choices.flatMap((choice) => ("code" in choice ? [] : [choice]));
    return first === undefined ? [] : [{ ...first, ...usual }, ...others];
  });
}
