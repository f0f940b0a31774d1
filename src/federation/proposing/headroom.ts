/** Whether quotas leave room for what is asked, and what comes back when something that runs makes room for it. */
import type { Reason } from "../model/events.ts";
import type { ReasonCode } from "../model/reasons.ts";
import type { Absent, DiskFacts, Headroom, VmTemplateFacts, ZoneSurvey } from "../model/zone-facts.ts";

/** What the zone gets back when what runs is replaced: it need not be free beside it. */
export interface Credit {
  readonly vms: number;
  readonly cpu: number;
  /** MB */
  readonly memory: number;
  readonly addresses: readonly string[];
}
export const NO_CREDIT: Credit = { vms: 0, cpu: 0, memory: 0, addresses: [] };

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

/** The survey as it would be once what runs is gone. Its disks are counted as those of the template now. */
export function credited(survey: ZoneSurvey, credit: Credit): ZoneSurvey {
  const { network, headroom } = survey;
  const template = withData(survey.template, survey.data);
  const more = (left: number | null, back: number): number | null => (left === null ? null : left + back);
  const disks = template.found ? template.disks : [];
  const each = (limits: ReadonlyMap<number, number>, back: (id: number) => number): ReadonlyMap<number, number> =>
    new Map([...limits].map(([id, left]) => [id, left + credit.vms * back(id)]));
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
      systemDisk: more(headroom.systemDisk, credit.vms * taken(disks, "system")),
      datastores: each(headroom.datastores, (id) => taken(disks, id)),
      imageVms: each(headroom.imageVms, (id) => (template.found ? timesUsed(template, id) : 0)),
    },
  };
}

export function judgeQuota(
  { headroom, data }: Pick<ZoneSurvey, "headroom" | "data">,
  bare: VmTemplateFacts,
  { vms, addresses }: { readonly vms: number; readonly addresses: number },
): Reason[] {
  const template = withData(bare, data);
  const needs: readonly (readonly [ReasonCode, number | null, number, string])[] = [
    ["quota-vms", headroom.vms, vms, ""],
    ["quota-cpu", headroom.cpu, vms * template.cpu, ""],
    ["quota-memory", headroom.memory, vms * template.memory, ""],
    ["quota-leases", headroom.leases, addresses, ""],
    ["quota-disk", headroom.systemDisk, vms * taken(template.disks, "system"), ""],
    ...needsById("quota-datastore", headroom.datastores, (id) => vms * taken(template.disks, id), "datastore"),
    ...needsById("quota-image", headroom.imageVms, (id) => vms * timesUsed(template, id), "image"),
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
