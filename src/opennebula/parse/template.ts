/** VM templates: what they would run, and a digest of all they say. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { ObjectRef, VmTemplateFacts } from "../../federation/model/zone-facts.ts";
import { attributes, decimal, group, integer, many, optionalText, parseElement } from "./xml.ts";

/** A disk's image as the template names it: by id, or by name and owner. */
export interface DiskImage {
  readonly ref: ObjectRef;
  readonly owner?: string;
}

/** A template whose images have not been looked at yet. */
export interface ParsedTemplate extends Omit<VmTemplateFacts, "images"> {
  readonly disks: readonly DiskImage[];
}

const disk = z
  .object({ IMAGE_ID: optionalText, IMAGE: optionalText, IMAGE_UNAME: optionalText })
  .transform(({ IMAGE_ID, IMAGE, IMAGE_UNAME }): DiskImage | undefined => {
    if (IMAGE_ID !== undefined && /^\d+$/.test(IMAGE_ID)) return { ref: Number(IMAGE_ID) };
    if (IMAGE === undefined) return undefined;
    return { ref: IMAGE, ...(IMAGE_UNAME === undefined ? {} : { owner: IMAGE_UNAME }) };
  });

const content = group({
  CPU: decimal.optional(),
  VCPU: decimal.optional(),
  MEMORY: decimal.optional(),
  DISK: many(disk),
  NIC: many(z.object({ MODEL: optionalText, SECURITY_GROUPS: optionalText })),
  CONTEXT: attributes,
});

const template = z.object({ ID: integer, NAME: z.string(), TEMPLATE: content });
const untouched = z.object({ TEMPLATE: z.unknown() });

/** From `template.info` without `extended`, which would mix the images' state into the content. */
export function parseTemplate(xml: string): ParsedTemplate {
  const { ID, NAME, TEMPLATE } = parseElement(xml, "VMTEMPLATE", template);
  const { CPU, VCPU, MEMORY, DISK, NIC, CONTEXT } = TEMPLATE;
  const whole = parseElement(xml, "VMTEMPLATE", untouched).TEMPLATE;
  const [nic] = NIC;
  return {
    found: true,
    id: ID,
    name: NAME,
    contentDigest: createHash("sha256").update(canonical(whole)).digest("hex"),
    // What a template leaves open costs nothing that could be known.
    cpu: CPU ?? 0,
    vcpu: VCPU ?? 1,
    memory: MEMORY ?? 0,
    disks: DISK.filter((image) => image !== undefined),
    nic: {
      ...(nic?.MODEL === undefined ? {} : { model: nic.MODEL }),
      ...(nic?.SECURITY_GROUPS === undefined ? {} : { securityGroups: nic.SECURITY_GROUPS }),
    },
    contextNames: Object.keys(CONTEXT).sort(),
  };
}

/** JSON in which the order of names does not matter. The order of repeated elements (disks, NICs) does. */
function canonical(element: unknown): string {
  if (Array.isArray(element)) return `[${element.map(canonical).join(",")}]`;
  if (typeof element !== "object" || element === null) return JSON.stringify(element ?? "");
  const names = Object.entries(element).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${names.map(([name, value]) => `${JSON.stringify(name)}:${canonical(value)}`).join(",")}}`;
}
