/** VM templates: what they would run, and a digest of all they say. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { DiskFacts, ImageFacts, ObjectRef, VmTemplateFacts } from "../../federation/model/zone-facts.ts";
import { attributes, decimal, group, integer, isYes, many, optionalText, parseElement } from "./xml.ts";

/** A template whose disks have not been looked at yet. */
export type ParsedTemplate = Omit<VmTemplateFacts, "images" | "disks">;

const nic = z
  .object({ MODEL: optionalText, SECURITY_GROUPS: optionalText, NETWORK: optionalText, NETWORK_ID: optionalText })
  .transform(({ MODEL, SECURITY_GROUPS, NETWORK, NETWORK_ID }) => ({
    model: MODEL,
    securityGroups: SECURITY_GROUPS,
    network: networkOf(NETWORK, NETWORK_ID),
  }));

const pci = z
  .object({ TYPE: optionalText, NETWORK: optionalText, NETWORK_ID: optionalText })
  .transform(({ TYPE, NETWORK, NETWORK_ID }) =>
    TYPE?.toUpperCase() === "NIC" ? networkOf(NETWORK, NETWORK_ID) : undefined,
  );

/** As the template names it. */
const networkOf = (name: string | undefined, id: string | undefined): string =>
  name ?? (id === undefined ? "chosen by the scheduler" : `number ${id}`);

const content = group({
  CPU: decimal.optional(),
  VCPU: decimal.optional(),
  MEMORY: decimal.optional(),
  NIC: many(nic),
  NIC_ALIAS: many(z.unknown()),
  PCI: many(pci),
  SUBMIT_ON_HOLD: optionalText,
  CONTEXT: attributes,
  DISK: many(attributes),
});

const template = z.object({ ID: integer, NAME: z.string(), TEMPLATE: content });
const untouched = z.object({ TEMPLATE: z.unknown() });

/** From `template.info` without `extended`, which would mix the images' state into the content. */
export function parseTemplate(xml: string): ParsedTemplate {
  const { ID, NAME, TEMPLATE } = parseElement(xml, "VMTEMPLATE", template);
  const { CPU, VCPU, MEMORY, NIC, NIC_ALIAS, PCI, SUBMIT_ON_HOLD, CONTEXT, DISK } = TEMPLATE;
  const whole = parseElement(xml, "VMTEMPLATE", untouched).TEMPLATE;
  const [first, ...others] = NIC;
  return {
    found: true,
    id: ID,
    name: NAME,
    contentDigest: createHash("sha256").update(canonical(whole)).digest("hex"),
    // What a template leaves open costs nothing that could be known.
    cpu: CPU ?? 0,
    vcpu: VCPU ?? 1,
    memory: MEMORY ?? 0,
    nic: {
      ...(first?.model === undefined ? {} : { model: first.model }),
      ...(first?.securityGroups === undefined ? {} : { securityGroups: first.securityGroups }),
    },
    otherNics: others.map(({ network }) => network),
    pciNics: PCI.filter((network) => network !== undefined),
    hasNicAlias: NIC_ALIAS.length > 0,
    hasStartScript: Boolean(CONTEXT["START_SCRIPT"] ?? CONTEXT["START_SCRIPT_BASE64"]),
    startsOnHold: isYes(SUBMIT_ON_HOLD),
    contextNames: Object.keys(CONTEXT),
    diskNames: [...new Set(DISK.flatMap(Object.keys))],
  };
}

/** The entries of the template's CONTEXT, as they were written. */
export const parseContext = (xml: string): Readonly<Record<string, string>> =>
  parseElement(xml, "VMTEMPLATE", z.object({ TEMPLATE: group({ CONTEXT: attributes }) })).TEMPLATE.CONTEXT;

export type DiskEntries = Readonly<Record<string, string>>;

/** The template's DISKs, as they were written. */
export const parseDiskEntries = (xml: string): readonly DiskEntries[] =>
  parseElement(xml, "VMTEMPLATE", z.object({ TEMPLATE: group({ DISK: many(attributes) }) })).TEMPLATE.DISK;

const disk = z
  .object({
    IMAGE_ID: optionalText,
    IMAGE: optionalText,
    IMAGE_UID: optionalText,
    IMAGE_UNAME: optionalText,
    SIZE: decimal.optional().catch(undefined),
    TYPE: optionalText,
    CLONE: optionalText,
    CLONE_TARGET: optionalText,
    LN_TARGET: optionalText,
    DATASTORE_ID: integer.optional().catch(undefined),
  })
  .transform(({ IMAGE_ID, IMAGE, IMAGE_UID, IMAGE_UNAME, SIZE, TYPE, ...where }): ParsedDisk => {
    const owner = IMAGE_UID === undefined ? IMAGE_UNAME : Number(IMAGE_UID);
    const byName = IMAGE === undefined ? {} : { image: { ref: IMAGE, ...(owner === undefined ? {} : { owner }) } };
    const image = IMAGE_ID !== undefined && /^\d+$/.test(IMAGE_ID) ? { image: { ref: Number(IMAGE_ID) } } : byName;
    const isEmpty = ["FS", "SWAP"].includes(TYPE?.toUpperCase() ?? "");
    return { ...image, ...(SIZE === undefined ? {} : { size: SIZE }), isEmpty, where };
  });

/** An image as oned looks for it: a name belongs to the owner that the template names, or else to who asks. */
export interface DiskImage {
  readonly ref: ObjectRef;
  /** Number or name. */
  readonly owner?: number | string;
}

export interface ParsedDisk {
  readonly image?: DiskImage;
  /** MB */
  readonly size?: number;
  /** Made anew, of no image. */
  readonly isEmpty: boolean;
  readonly where: {
    readonly CLONE?: string | undefined;
    readonly CLONE_TARGET?: string | undefined;
    readonly LN_TARGET?: string | undefined;
    readonly DATASTORE_ID?: number | undefined;
  };
}

/** From `template.info` with `extended`: disks as oned would make them for the account that asks. */
export function parseDisks(xml: string): readonly ParsedDisk[] {
  return parseElement(xml, "VMTEMPLATE", z.object({ TEMPLATE: group({ DISK: many(disk) }) })).TEMPLATE.DISK;
}

/** What oned leaves unsaid is taken as it usually is: a clone of the whole image, in the system's datastore. */
export function diskFacts(
  { size, isEmpty, where }: ParsedDisk,
  image: Pick<ImageFacts, "size" | "persistent"> | undefined,
): DiskFacts {
  const clones = where.CLONE === undefined ? image?.persistent !== true : isYes(where.CLONE);
  const target = (clones ? (where.CLONE_TARGET ?? "SYSTEM") : where.LN_TARGET)?.toUpperCase();
  return {
    size: size ?? image?.size ?? 0,
    datastore: isEmpty || target === "SYSTEM" ? "system" : target === "SELF" ? (where.DATASTORE_ID ?? null) : null,
  };
}

/** JSON in which the order of names does not matter. The order of repeated elements (disks, NICs) does. */
function canonical(element: unknown): string {
  if (Array.isArray(element)) return `[${element.map(canonical).join(",")}]`;
  if (typeof element !== "object" || element === null) return JSON.stringify(element ?? "");
  const names = Object.entries(element).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${names.map(([name, value]) => `${JSON.stringify(name)}:${canonical(value)}`).join(",")}}`;
}
