/** Whether a zone can carry what is asked of it, judged from a look at it. */
import { isContextValue } from "../../guest-protocol/alphabets.ts";
import { DATA_SHOWN_AT, parseDataFolder } from "../../guest-protocol/data.ts";
import { CONTEXT } from "../../guest-protocol/names.ts";
import type { Adjustment, Reason, SiteWish } from "../model/events.ts";
import type { DataWish, Settings, TunnelWay } from "../model/plan.ts";
import type { SiteProfile } from "../model/policy.ts";
import type { ReasonCode } from "../model/reasons.ts";
import type {
  Absent,
  DataImageFacts,
  ImageFacts,
  NetworkFacts,
  ObjectRef,
  SurveyQuery,
  VmTemplateFacts,
  ZoneError,
  ZoneErrorCode,
  ZoneSurvey,
} from "../model/zone-facts.ts";
import { type Credit, credited, judgeQuota, type Needs, NO_CREDIT, NO_NEEDS } from "./headroom.ts";
import { freeAddressCount } from "./network.ts";

/** What would be used in a zone: its profile's templates and network, or what its owner chose instead. */
export interface Choice extends SurveyQuery {
  readonly vms: number;
  readonly nodeConfig: Readonly<Record<string, string>>;
  readonly data?: DataWish;
  readonly tunnelWay: TunnelWay;
}

/** VMs beside those that speak Flower. */
const gatewaysOf = ({ gateway }: Pick<Choice, "gateway">): number => (gateway === undefined ? 0 : 1);

/** What the zones file names for the role: null or undefined when the zone does not offer it. */
export function defaultTemplate(
  { templates }: SiteProfile,
  { role }: SiteWish,
  { framework }: Settings,
): ObjectRef | null | undefined {
  return role === "coordinator" ? templates.superlink : templates.supernode[framework];
}

export function chooseFor(
  profile: SiteProfile,
  wish: SiteWish,
  settings: Settings,
  adjustment: Adjustment,
): Choice | Reason {
  const template = adjustment.template ?? defaultTemplate(profile, wish, settings);
  if (template === null) return { code: "coordinator-not-offered", detail: profile.name };
  if (template === undefined) return { code: "framework-not-offered", detail: settings.framework };
  const attached = dataChoice(wish, adjustment);
  if ("code" in attached) return attached;
  const nodeConfig = { ...profile.nodeConfig, ...(attached.data === undefined ? {} : { "data-path": DATA_SHOWN_AT }) };
  const foreign = foreignValue(profile, nodeConfig);
  if (foreign !== undefined) return { code: "value-not-allowed", detail: foreign };
  return {
    template,
    network: adjustment.network ?? profile.network,
    ...(profile.deploy === "vms" ? { deploy: "vms" as const } : {}),
    vms: wish.role === "coordinator" ? 1 : (adjustment.superNodes ?? wish.superNodes),
    nodeConfig,
    ...attached,
    tunnelWay: wayFor(profile, wish, adjustment),
  };
}

/** The hub is a VM in any case: the SuperLink's, or the gateway before it. */
function wayFor({ tunnelWay }: SiteProfile, { role }: SiteWish, adjustment: Adjustment): TunnelWay {
  const way = adjustment.tunnelWay ?? tunnelWay;
  return role === "coordinator" && way === "router" ? "own" : way;
}

/** Only who trains is given data. */
function dataChoice({ role }: SiteWish, { data }: Adjustment): Pick<Choice, "data" | "dataImage"> | Reason {
  if (data === undefined || role === "coordinator") return {};
  if (data.kind === "disk") return { data, dataImage: data.image };
  return parseDataFolder(data.path).ok ? { data } : { code: "data-path", detail: data.path };
}

/** What the zones file says and a shell in the VM could read otherwise, by its name. */
const foreignValue = ({ sshKeys }: SiteProfile, nodeConfig: Choice["nodeConfig"]): string | undefined =>
  Object.entries(nodeConfig).find(([name, value]) => !isContextValue(`${name}${value}`))?.[0] ??
  (sshKeys.every(isContextValue) ? undefined : "an ssh key");

export type UsableTemplate = Omit<VmTemplateFacts, "images"> & { readonly images: readonly ImageFacts[] };

/** A look at a zone in which everything that was asked for exists. */
export interface UsableSurvey {
  /** Whom the zone takes the bot for. */
  readonly account: number;
  readonly template: UsableTemplate;
  /** null: none is to be made. */
  readonly gateway: UsableTemplate | null;
  readonly network: NetworkFacts;
  readonly data: DataImageFacts | null;
  readonly openPorts: ZoneSurvey["openPorts"];
  readonly gatewayWays: ZoneSurvey["gatewayWays"];
  readonly gatewayDoors: ZoneSurvey["gatewayDoors"];
}

/**
 * All that stands in the way, at once; or the facts a plan can be made of.
 * @param beside what other sites of the federation are to take of the same zone
 */
export function judge(
  seen: ZoneSurvey,
  choice: Choice,
  credit: Credit = NO_CREDIT,
  beside: Needs = NO_NEEDS,
): UsableSurvey | readonly Reason[] {
  const survey = credited(seen, credit);
  const { template, gateway, network, data } = survey;
  const gateways = gatewaysOf(choice);
  const addresses = addressesFor(survey, template, choice.vms) + addressesFor(survey, gateway, gateways);
  const problems: Reason[] = [
    ...judgeZone(survey, neededAttributes(choice, template, gateway)),
    ...(network.found
      ? judgeNetwork(network, addresses + (beside.addresses.get(network.id) ?? 0))
      : [absent("network", network)]),
    ...judgeTemplate(template, { vms: choice.vms, beside, isReplaced: credit.vms > credit.gateways }),
    ...(gateway === null ? [] : judgeTemplate(gateway, { vms: gateways, beside, isReplaced: credit.gateways > 0 })),
    ...judgeData(data, choice.vms + othersOf(data, beside), credit),
    ...judgeQuota(survey, { vms: choice.vms, gateways, addresses }, beside),
  ];
  const isThere = template.found && network.found && gateway?.found !== false && !(data !== null && "found" in data);
  if (problems.length > 0 || !isThere) return problems;
  return {
    account: survey.account.id,
    template: usable(template),
    gateway: gateway === null ? null : usable(gateway),
    network,
    data,
    openPorts: survey.openPorts,
    gatewayWays: survey.gatewayWays,
    gatewayDoors: survey.gatewayDoors,
  };
}

const usable = (template: VmTemplateFacts): UsableTemplate => ({
  ...template,
  images: template.images.flatMap((image) => ("found" in image ? [] : [image])),
});

function judgeZone(survey: ZoneSurvey, needed: ReadonlySet<string>): Reason[] {
  const problems: Reason[] = [];
  const major = Number(survey.version.split(".")[0]);
  if (!(major >= 7)) problems.push(reason("zone-version", survey.version));
  if (survey.account.administrator) problems.push(reason("zone-administrator", survey.account.name));
  if (survey.disabled) problems.push(reason("zone-disabled", ""));
  if (survey.rules?.startsOnHold) problems.push(reason("zone-holds-vms", ""));
  const withheld = (survey.rules?.restricted ?? []).filter((name) => needed.has(name));
  if (withheld.length > 0) problems.push(reason("attribute-restricted", withheld.join(" ")));
  return problems;
}

/** What every VM is given beside its template, in the names that oned's configuration uses; a whole vector counts too. */
const NEEDED_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...["NIC", "NIC/NAME", "NIC/NETWORK_ID", "NIC/IP", "CONTEXT", "USER_INPUTS"],
  ...Object.values(CONTEXT).map((name) => `CONTEXT/${name}`),
]);

/** What of the template's own is written anew with ours: oned takes all of it for ours. */
function neededAttributes(
  { deploy, dataImage }: Choice,
  template: VmTemplateFacts | Absent,
  gateway: VmTemplateFacts | Absent | null,
): ReadonlySet<string> {
  if (!template.found) return NEEDED_ATTRIBUTES;
  const named = [...template.contextNames, ...(gateway?.found === true ? gateway.contextNames : [])];
  const context = deploy === "vms" ? named.map((name) => `CONTEXT/${name}`) : [];
  const own = template.diskNames.map((name) => `DISK/${name}`);
  const disks = dataImage === undefined ? [] : ["DISK", "DISK/IMAGE_ID", "DISK/SERIAL", ...own];
  return new Set([...NEEDED_ATTRIBUTES, ...context, ...disks]);
}

/** A PCI card of the template in the same network takes one beside the plan's card. */
function addressesFor({ network }: ZoneSurvey, template: VmTemplateFacts | Absent | null, vms: number): number {
  if (template?.found !== true || !network.found) return vms;
  const names = [network.name, `number ${network.id}`];
  return vms * (1 + template.pciNics.filter((name) => names.includes(name)).length);
}

function judgeNetwork(network: NetworkFacts, addresses: number): Reason[] {
  if (network.ranges.length === 0) return [reason("network-without-ipv4", network.name)];
  return freeAddressCount(network) < addresses ? [reason("no-free-address", network.name)] : [];
}

/** VMs of other sites that are to have the image too. */
const othersOf = (image: ImageFacts | Absent | null, { imageVms }: Needs): number =>
  image === null || "found" in image ? 0 : (imageVms.get(image.id) ?? 0);

interface Wanted {
  readonly vms: number;
  readonly beside: Needs;
  /** VMs that were made of it before give back what they have. */
  readonly isReplaced: boolean;
}

function judgeTemplate(template: VmTemplateFacts | Absent, { vms, beside, isReplaced }: Wanted): Reason[] {
  if (!template.found) return [absent("template", template)];
  const { name, hasNicAlias, startsOnHold, images } = template;
  return [
    ...(hasNicAlias ? [reason("template-nic-alias", name)] : []),
    ...(startsOnHold ? [reason("template-on-hold", name)] : []),
    ...images.flatMap((image) => judgeImage(image, vms + othersOf(image, beside), isReplaced)),
  ];
}

/** A persistent image belongs to one VM at a time. One that is replaced gives it back. */
function judgeImage(image: ImageFacts | Absent, vms: number, isReplaced: boolean): Reason[] {
  if ("found" in image) return [absent("image", image)];
  const { name, state, persistent } = image;
  if (state !== "ready" && state !== "used") return [reason("image-not-ready", name)];
  if (persistent && vms > 1) return [reason("image-persistent", name)];
  return persistent && state === "used" && !isReplaced ? [reason("image-in-use", name)] : [];
}

function judgeData(data: ZoneSurvey["data"], vms: number, credit: Credit): Reason[] {
  if (data === null) return [];
  if ("found" in data) return [absent("data", data)];
  const named = `${data.name} (${data.id})`;
  const about = (code: ReasonCode): Reason[] => [reason(code, named)];
  if (!data.isDisk) return about("data-image-type");
  if (data.state !== "ready" && data.state !== "used") return about("data-image-not-ready");
  if (!data.persistent || data.isShared) return [];
  if (vms > 1) return about("data-image-persistent");
  return data.state === "used" && credit.vms === 0 ? about("data-image-in-use") : [];
}

const ABSENT: Readonly<
  Record<"template" | "network" | "image" | "data", Readonly<Record<Absent["because"], ReasonCode>>>
> = {
  template: {
    missing: "template-missing",
    forbidden: "template-forbidden",
    ambiguous: "template-ambiguous",
    foreign: "template-missing",
  },
  network: {
    missing: "network-missing",
    forbidden: "network-forbidden",
    ambiguous: "network-ambiguous",
    foreign: "network-missing",
  },
  image: {
    missing: "image-missing",
    forbidden: "image-forbidden",
    ambiguous: "image-missing",
    foreign: "image-foreign",
  },
  data: {
    missing: "data-image-missing",
    forbidden: "data-image-forbidden",
    ambiguous: "data-image-missing",
    foreign: "data-image-missing",
  },
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
  unreadable: "zone-answer",
  internal: "zone-error",
};

/** Why a call to a zone failed, as people are told. */
export const zoneReason = (error: ZoneError): Reason => ({ code: ERROR_REASONS[error.code], detail: error.message });

/** Reasons that may pass by themselves: whatever was to be done is tried again without anybody's doing. */
export const isTransient = ({ code }: Reason): boolean =>
  code === "zone-unreachable" || code === "zone-timeout" || code === "zone-answer" || code === "zone-disabled";
