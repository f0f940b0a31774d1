/** Whether quotas leave room for what is asked, and what comes back when something that runs makes room for it. */
import type { Reason } from "../model/events.ts";
import type { ReasonCode } from "../model/reasons.ts";
import type { Absent, DiskFacts, Headroom, ImageFacts, VmTemplateFacts, ZoneSurvey } from "../model/zone-facts.ts";

/** What the zone gets back when what runs is replaced: it need not be free beside it. */
export interface Credit {
  readonly vms: number;
  /** How many of them are gateways. */
  readonly gateways: number;
  readonly cpu: number;
  /** MB */
  readonly memory: number;
  readonly addresses: readonly string[];
}
export const NO_CREDIT: Credit = { vms: 0, gateways: 0, cpu: 0, memory: 0, addresses: [] };

/** What is known of a VM template that VMs take something for. */
type Taking = Pick<VmTemplateFacts, "cpu" | "memory" | "disks"> & {
  readonly images: readonly (Pick<ImageFacts, "id"> | Absent)[];
};

/** VMs that are made, or given back, of one template. */
export interface Batch {
  readonly template: Taking;
  readonly vms: number;
}

const sumOf = (batches: readonly Batch[], each: (template: Taking) => number): number =>
  batches.reduce((sum, { template, vms }) => sum + vms * each(template), 0);

/** MB that one VM's disks take of a datastore, or of its share of the system's. */
const taken = (disks: readonly DiskFacts[], from: DiskFacts["datastore"]): number =>
  disks.reduce((sum, { size, datastore }) => sum + (datastore === from ? size : 0), 0);

const timesUsed = ({ images }: Pick<Taking, "images">, image: number): number =>
  images.filter((one) => !("found" in one) && one.id === image).length;

/** The template as if the data's disk were one of its own: a clone in the system's datastore, or the image itself. */
function withData<T extends VmTemplateFacts | Absent>(template: T, data: ZoneSurvey["data"]): T {
  if (!template.found || data === null || "found" in data) return template;
  const disk: DiskFacts = { size: data.size, datastore: data.persistent ? null : "system" };
  return { ...template, images: [...template.images, data], disks: [...template.disks, disk] };
}

/** Of the survey's templates, the VMs that there are to be: one that cannot be seen makes none. */
const batchesOf = (
  { template, gateway, data }: Pick<ZoneSurvey, "template" | "gateway" | "data">,
  vms: number,
  gateways: number,
): readonly Batch[] => [
  ...(template.found ? [{ template: withData(template, data), vms }] : []),
  ...(gateway?.found === true ? [{ template: gateway, vms: gateways }] : []),
];

/** The survey as it would be once what runs is gone. Its disks are counted as those of the templates now. */
export function credited(survey: ZoneSurvey, credit: Credit): ZoneSurvey {
  const { network, headroom } = survey;
  const batches = batchesOf(survey, credit.vms - credit.gateways, credit.gateways);
  const more = (left: number | null, back: number): number | null => (left === null ? null : left + back);
  const each = (
    limits: ReadonlyMap<number, number>,
    back: (template: Taking, id: number) => number,
  ): ReadonlyMap<number, number> =>
    new Map([...limits].map(([id, left]) => [id, left + sumOf(batches, (template) => back(template, id))]));
  return {
    ...survey,
    network: network.found
      ? { ...network, leased: network.leased.filter((address) => !credit.addresses.includes(address)) }
      : network,
    headroom: {
      vms: more(headroom.vms, credit.vms),
      cpu: more(headroom.cpu, credit.cpu),
      memory: more(headroom.memory, credit.memory),
      leases: more(headroom.leases, credit.addresses.length),
      systemDisk: more(
        headroom.systemDisk,
        sumOf(batches, ({ disks }) => taken(disks, "system")),
      ),
      datastores: each(headroom.datastores, ({ disks }, id) => taken(disks, id)),
      imageVms: each(headroom.imageVms, timesUsed),
    },
  };
}

/** What a site takes of a zone when it comes. */
export interface Needs {
  readonly vms: number;
  readonly cpu: number;
  /** MB */
  readonly memory: number;
  /** Of each network, by its number. */
  readonly addresses: ReadonlyMap<number, number>;
  /** MB of system disks. */
  readonly systemDisk: number;
  /** MB, by datastore. */
  readonly datastores: ReadonlyMap<number, number>;
  /** VMs, by image. */
  readonly imageVms: ReadonlyMap<number, number>;
}

export const NO_NEEDS: Needs = {
  vms: 0,
  cpu: 0,
  memory: 0,
  addresses: new Map(),
  systemDisk: 0,
  datastores: new Map(),
  imageVms: new Map(),
};

/** `addresses` of the network with that number. */
export interface InNetwork {
  readonly network: number;
  readonly addresses: number;
}

export function needsOf(batches: readonly Batch[], { network, addresses }: InNetwork): Needs {
  const disks = batches.flatMap(({ template }) => template.disks);
  const images = batches.flatMap(({ template }) => template.images);
  const datastores = new Set(disks.flatMap(({ datastore }) => (typeof datastore === "number" ? [datastore] : [])));
  const imageIds = new Set(images.flatMap((image) => ("found" in image ? [] : [image.id])));
  return {
    vms: sumOf(batches, () => 1),
    cpu: sumOf(batches, ({ cpu }) => cpu),
    memory: sumOf(batches, ({ memory }) => memory),
    addresses: new Map([[network, addresses]]),
    systemDisk: sumOf(batches, (template) => taken(template.disks, "system")),
    datastores: new Map([...datastores].map((id) => [id, sumOf(batches, (one) => taken(one.disks, id))])),
    imageVms: new Map([...imageIds].map((id) => [id, sumOf(batches, (one) => timesUsed(one, id))])),
  };
}

/** What VMs of the templates in a look at their zone take of it. */
export const needsIn = (
  survey: Pick<ZoneSurvey, "template" | "gateway" | "data">,
  { vms, gateways, ...inNetwork }: InNetwork & { readonly vms: number; readonly gateways: number },
): Needs => needsOf(batchesOf(survey, vms, gateways), inNetwork);

export const together = (all: readonly Needs[]): Needs =>
  all.reduce(
    (sum, needs) => ({
      vms: sum.vms + needs.vms,
      cpu: sum.cpu + needs.cpu,
      memory: sum.memory + needs.memory,
      addresses: merged(sum.addresses, needs.addresses),
      systemDisk: sum.systemDisk + needs.systemDisk,
      datastores: merged(sum.datastores, needs.datastores),
      imageVms: merged(sum.imageVms, needs.imageVms),
    }),
    NO_NEEDS,
  );

const merged = (one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): ReadonlyMap<number, number> =>
  new Map([...one.keys(), ...other.keys()].map((id) => [id, (one.get(id) ?? 0) + (other.get(id) ?? 0)]));

/**
 * Nothing where a template cannot be seen: what its VMs would need is not known then.
 * @param beside what other sites of the federation take of the same zone
 */
export function judgeQuota(
  survey: ZoneSurvey,
  { vms, gateways, addresses }: { readonly vms: number; readonly gateways: number; readonly addresses: number },
  beside: Needs,
): Reason[] {
  const { headroom, template, gateway } = survey;
  if (!template.found || gateway?.found === false) return [];
  const network = survey.network.found ? survey.network.id : -1;
  const own = needsIn(survey, { vms, gateways, network, addresses });
  const all = together([own, beside]);
  const needs: readonly (readonly [ReasonCode, number | null, number, number, string])[] = [
    ["quota-vms", headroom.vms, own.vms, all.vms, ""],
    ["quota-cpu", headroom.cpu, own.cpu, all.cpu, ""],
    ["quota-memory", headroom.memory, own.memory, all.memory, ""],
    ["quota-leases", headroom.leases, addresses, all.addresses.get(network) ?? 0, ""],
    ["quota-disk", headroom.systemDisk, own.systemDisk, all.systemDisk, ""],
    ...needsById("quota-datastore", headroom.datastores, own.datastores, all.datastores, "datastore"),
    ...needsById("quota-image", headroom.imageVms, own.imageVms, all.imageVms, "image"),
  ];
  return needs.flatMap(([code, left, needed, sum, where]) =>
    left !== null && needed > 0 && left < sum
      ? [{ code, detail: `${where}${sum} needed${sum > needed ? " by the zone's sites together" : ""}, ${left} left` }]
      : [],
  );
}

const needsById = (
  code: ReasonCode,
  limits: Headroom["datastores"],
  own: ReadonlyMap<number, number>,
  all: ReadonlyMap<number, number>,
  what: string,
): (readonly [ReasonCode, number, number, number, string])[] =>
  [...limits].map(([id, left]) => [code, left, own.get(id) ?? 0, all.get(id) ?? 0, `${what} ${id}: `]);
