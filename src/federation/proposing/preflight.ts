/** Whether a zone can carry what is asked of it, judged from a look at it. */
import { isContextValue } from "../../guest-protocol/alphabets.ts";
import type { Adjustment, Reason, SiteWish } from "../model/events.ts";
import type { Settings } from "../model/plan.ts";
import type { ZoneProfile } from "../model/policy.ts";
import type { ReasonCode } from "../model/reasons.ts";
import type {
  Absent,
  ImageFacts,
  NetworkFacts,
  ObjectRef,
  SurveyQuery,
  VmTemplateFacts,
  ZoneError,
  ZoneErrorCode,
  ZoneSurvey,
} from "../model/zone-facts.ts";
import { freeAddressCount } from "./network.ts";

/** What would be used in a zone: its profile's templates and network, or what its owner chose instead. */
export interface Choice extends SurveyQuery {
  readonly vms: number;
  readonly nodeConfig: Readonly<Record<string, string>>;
}

/** What the zones file names for the role: null or undefined when the zone does not offer it. */
export function defaultTemplate(
  { templates }: ZoneProfile,
  { role }: SiteWish,
  { framework }: Settings,
): ObjectRef | null | undefined {
  return role === "coordinator" ? templates.superlink : templates.supernode[framework];
}

export function chooseFor(
  profile: ZoneProfile,
  wish: SiteWish,
  settings: Settings,
  adjustment: Adjustment,
): Choice | Reason {
  const template = adjustment.template ?? defaultTemplate(profile, wish, settings);
  if (template === null) return { code: "coordinator-not-offered", detail: profile.name };
  if (template === undefined) return { code: "framework-not-offered", detail: settings.framework };
  const nodeConfig =
    adjustment.dataPath === undefined
      ? profile.nodeConfig
      : { ...profile.nodeConfig, "data-path": adjustment.dataPath };
  const foreign = Object.entries(nodeConfig).find(([name, value]) => !isContextValue(`${name}${value}`));
  if (foreign !== undefined) return { code: "value-not-allowed", detail: foreign[0] };
  if (!profile.sshKeys.every(isContextValue)) return { code: "value-not-allowed", detail: "an ssh key" };
  return {
    template,
    network: adjustment.network ?? profile.network,
    vms: wish.role === "coordinator" ? 1 : (adjustment.superNodes ?? wish.superNodes),
    nodeConfig,
  };
}

/** A look at a zone in which everything that was asked for exists. */
export interface UsableSurvey {
  readonly template: Omit<VmTemplateFacts, "images"> & { readonly images: readonly ImageFacts[] };
  readonly network: NetworkFacts;
}

/** What the zone gets back when what runs is replaced: it need not be free beside it. */
export interface Credit {
  readonly vms: number;
  readonly cpu: number;
  /** MB */
  readonly memory: number;
  readonly addresses: readonly string[];
}
export const NO_CREDIT: Credit = { vms: 0, cpu: 0, memory: 0, addresses: [] };

/** All that stands in the way, at once; or the facts a plan can be made of. */
export function judge(seen: ZoneSurvey, choice: Choice, credit: Credit = NO_CREDIT): UsableSurvey | readonly Reason[] {
  const survey = credited(seen, credit);
  const { template, network } = survey;
  const problems: Reason[] = [...judgeAccount(survey)];
  if (!template.found) problems.push(absent("template", template));
  if (!network.found) problems.push(absent("network", network));
  if (network.found && freeAddressCount(network) < choice.vms) problems.push(reason("no-free-address", network.name));
  if (!template.found) return problems;
  const images: ImageFacts[] = [];
  for (const image of template.images) {
    if ("found" in image) problems.push(absent("image", image));
    else if (image.state !== "ready" && image.state !== "used") problems.push(reason("image-not-ready", image.name));
    else images.push(image);
  }
  problems.push(...judgeQuota(survey, template, choice.vms));
  return problems.length > 0 || !network.found ? problems : { template: { ...template, images }, network };
}

/** The survey as it would be once what runs is gone. */
function credited(survey: ZoneSurvey, credit: Credit): ZoneSurvey {
  const { network, headroom } = survey;
  const more = (left: number | null, back: number): number | null => (left === null ? null : left + back);
  return {
    ...survey,
    network: network.found
      ? { ...network, leased: network.leased.filter((address) => !credit.addresses.includes(address)) }
      : network,
    headroom: {
      ...headroom,
      vms: more(headroom.vms, credit.vms),
      cpu: more(headroom.cpu, credit.cpu),
      memory: more(headroom.memory, credit.memory),
      leases: more(headroom.leases, credit.addresses.length),
    },
  };
}

function judgeAccount(survey: ZoneSurvey): Reason[] {
  const problems: Reason[] = [];
  const major = Number(survey.version.split(".")[0]);
  if (!(major >= 7)) problems.push(reason("zone-version", survey.version));
  if (survey.account.administrator) problems.push(reason("zone-administrator", survey.account.name));
  return problems;
}

function judgeQuota({ headroom }: ZoneSurvey, template: VmTemplateFacts, vms: number): Reason[] {
  const needs: readonly (readonly [ReasonCode, number | null, number])[] = [
    ["quota-vms", headroom.vms, vms],
    ["quota-cpu", headroom.cpu, vms * template.cpu],
    ["quota-memory", headroom.memory, vms * template.memory],
    ["quota-leases", headroom.leases, vms],
  ];
  return needs.flatMap(([code, left, needed]) =>
    left !== null && left < needed ? [reason(code, `${needed} needed, ${left} left`)] : [],
  );
}

const ABSENT: Readonly<Record<"template" | "network" | "image", Readonly<Record<Absent["because"], ReasonCode>>>> = {
  template: { missing: "template-missing", forbidden: "template-forbidden", ambiguous: "template-ambiguous" },
  network: { missing: "network-missing", forbidden: "network-forbidden", ambiguous: "network-ambiguous" },
  // A name that several images have says as little as a name that none has.
  image: { missing: "image-missing", forbidden: "image-forbidden", ambiguous: "image-missing" },
};

const absent = (what: keyof typeof ABSENT, { because, asked }: Absent): Reason =>
  reason(ABSENT[what][because], String(asked));

const reason = (code: ReasonCode, detail: string): Reason => ({ code, detail });

const ERROR_REASONS: Readonly<Record<ZoneErrorCode, ReasonCode>> = {
  unreachable: "zone-unreachable",
  timeout: "zone-timeout",
  tls: "zone-tls",
  authentication: "zone-credentials",
  forbidden: "zone-forbidden",
  quota: "quota-vms",
  "no-such-object": "zone-error",
  "wrong-state": "zone-error",
  invalid: "zone-error",
  "zone-disabled": "zone-disabled",
  "too-large": "zone-answer",
  rubbish: "zone-answer",
  internal: "zone-error",
};

/** Why a call to a zone failed, as people are told. */
export const zoneReason = (error: ZoneError): Reason => ({ code: ERROR_REASONS[error.code], detail: error.message });

/** Reasons that may pass by themselves: whatever was to be done is tried again without anybody's doing. */
export const isTransient = ({ code }: Reason): boolean =>
  code === "zone-unreachable" || code === "zone-timeout" || code === "zone-answer" || code === "zone-disabled";
