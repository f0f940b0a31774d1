/** VM templates: what they would run, and a digest of all they say. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { DiskFacts, ObjectRef, VmTemplateFacts } from "../../federation/model/zone-facts.ts";
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
});

const template = z.object({ ID: integer, NAME: z.string(), TEMPLATE: content });
const untouched = z.object({ TEMPLATE: z.unknown() });

/** From `template.info` without `extended`, which would mix the images' state into the content. */
export function parseTemplate(xml: string): ParsedTemplate {
  const { ID, NAME, TEMPLATE } = parseElement(xml, "VMTEMPLATE", template);
  const { CPU, VCPU, MEMORY, NIC, NIC_ALIAS, PCI, SUBMIT_ON_HOLD, CONTEXT } = TEMPLATE;
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
  };
}

const disk = z
  .object({
    IMAGE_ID: optionalText,
    IMAGE: optionalText,
    SIZE: decimal.optional().catch(undefined),
    TYPE: optionalText,
    CLONE: optionalText,
    CLONE_TARGET: optionalText,
    LN_TARGET: optionalText,
    DATASTORE_ID: integer.optional(),
  })
  .transform(({ IMAGE_ID, IMAGE, SIZE, TYPE, CLONE, CLONE_TARGET, LN_TARGET, DATASTORE_ID }): ParsedDisk => {
    const target = (isYes(CLONE) ? CLONE_TARGET : LN_TARGET)?.toUpperCase();
    const volatile = ["FS", "SWAP"].includes(TYPE?.toUpperCase() ?? "");
    return {
      image: IMAGE_ID !== undefined && /^\d+$/.test(IMAGE_ID) ? Number(IMAGE_ID) : IMAGE,
      size: SIZE ?? 0,
      datastore: volatile || target === "SYSTEM" ? "system" : target === "SELF" ? (DATASTORE_ID ?? null) : null,
    };
  });

export interface ParsedDisk extends DiskFacts {
  /** Its number; its name where oned finds none of that name for the account; nothing for a disk that is made empty. */
  readonly image: ObjectRef | undefined;
}

/** From `template.info` with `extended`: disks as oned would make them for the account that asks. */
export function parseDisks(xml: string): readonly ParsedDisk[] {
  return parseElement(xml, "VMTEMPLATE", z.object({ TEMPLATE: group({ DISK: many(disk) }) })).TEMPLATE.DISK;
}

/** JSON in which the order of names does not matter. The order of repeated elements (disks, NICs) does. */
function canonical(element: unknown): string {
  if (Array.isArray(element)) return `[${element.map(canonical).join(",")}]`;
  if (typeof element !== "object" || element === null) return JSON.stringify(element ?? "");
  const names = Object.entries(element).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${names.map(([name, value]) => `${JSON.stringify(name)}:${canonical(value)}`).join(",")}}`;
}
