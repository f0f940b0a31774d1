/** Whether quotas leave room for what is asked, and what comes back when something that runs makes room for it. */
import type { Reason } from "../model/events.ts";
import type { ReasonCode } from "../model/reasons.ts";
import type { Absent, DiskFacts, Headroom, VmTemplateFacts, ZoneSurvey } from "../model/zone-facts.ts";

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

/** VMs that are made, or given back, of one template. */
interface Batch {
  readonly template: VmTemplateFacts;
  readonly vms: number;
}

const sumOf = (batches: readonly Batch[], each: (template: VmTemplateFacts) => number): number =>
  batches.reduce((sum, { template, vms }) => sum + vms * each(template), 0);

/** MB that one VM's disks take of a datastore, or of its share of the system's. */
const taken = (disks: readonly DiskFacts[], from: DiskFacts["datastore"]): number =>
  disks.reduce((sum, { size, datastore }) => sum + (datastore === from ? size : 0), 0);

const timesUsed = ({ images }: VmTemplateFacts, image: number): number =>
  images.filter((one) => !("found" in one) && one.id === image).length;

/** The template as if the data's disk were one of its own: a clone in the system's datastore, or the image itself. */
function withData<T extends VmTemplateFacts | Absent>(template: T, data: ZoneSurvey["data"]): T {
  if (!template.found || data === null || "found" in data) return template;
  const disk: DiskFacts = { size: data.size, datastore: data.persistent ? null : "system" };
  return { ...template, images: [...template.images, data], disks: [...template.disks, disk] };
}

/** Of the survey's templates, the VMs that there are to be: one that cannot be seen makes none. */
const batchesOf = ({ template, gateway, data }: ZoneSurvey, vms: number, gateways: number): readonly Batch[] => [
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
    back: (template: VmTemplateFacts, id: number) => number,
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

/** Nothing where a template cannot be seen: what its VMs would need is not known then. */
export function judgeQuota(
  survey: ZoneSurvey,
  { vms, gateways, addresses }: { readonly vms: number; readonly gateways: number; readonly addresses: number },
): Reason[] {
  const { headroom, template, gateway } = survey;
  if (!template.found || gateway?.found === false) return [];
  const batches = batchesOf(survey, vms, gateways);
  const needs: readonly (readonly [ReasonCode, number | null, number, string])[] = [
    ["quota-vms", headroom.vms, vms + gateways, ""],
    ["quota-cpu", headroom.cpu, sumOf(batches, ({ cpu }) => cpu), ""],
    ["quota-memory", headroom.memory, sumOf(batches, ({ memory }) => memory), ""],
    ["quota-leases", headroom.leases, addresses, ""],
    ["quota-disk", headroom.systemDisk, sumOf(batches, ({ disks }) => taken(disks, "system")), ""],
    ...needsById(
      "quota-datastore",
      headroom.datastores,
      (id) => sumOf(batches, ({ disks }) => taken(disks, id)),
      "datastore",
    ),
    ...needsById("quota-image", headroom.imageVms, (id) => sumOf(batches, (one) => timesUsed(one, id)), "image"),
  ];
  return needs.flatMap(([code, left, needed, where]) =>
    left !== null && left < needed ? [{ code, detail: `${where}${needed} needed, ${left} left` }] : [],
  );
}

const needsById = (
  code: ReasonCode,
  limits: Headroom["datastores"],
  needed: (id: number) => number,
  what: string,
): (readonly [ReasonCode, number, number, string])[] =>
  [...limits].map(([id, left]) => [code, left, needed(id), `${what} ${id}: `]);
