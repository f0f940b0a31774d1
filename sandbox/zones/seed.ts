import { z } from "zod";

/**
 * What a zone holds when it starts. Every field has a default: `{"zones": [{}]}` is the built-in seed's first zone.
 * Ids are given in the order of the lists, from 0 (users after oneadmin 0 and serveradmin 1, groups from 100).
 */
const limits = z.record(z.string(), z.number());

const quotas = z
  .object({
    /** VMS, CPU, MEMORY, RUNNING_VMS, SYSTEM_DISK_SIZE …; -1 is the default quota, -2 unlimited. */
    vm: limits.default({}),
    /** Network id to number of leases. */
    leases: limits.default({}),
  })
  .prefault({});

const group = z.object({
  name: z.string().min(1),
  /** What members may create; without DOCUMENT OneFlow answers 401. */
  mayCreate: z.array(z.enum(["VM", "TEMPLATE", "DOCUMENT"])).default(["VM", "TEMPLATE", "DOCUMENT"]),
  quotas,
});

const user = z.object({
  name: z.string().min(1),
  password: z.string().min(1),
  /** The first is the primary group. Naming "oneadmin" makes the user an administrator. */
  groups: z.array(z.string()).nonempty(),
  administers: z.array(z.string()).default([]),
  attributes: z.record(z.string(), z.string()).default({}),
  quotas,
});

const ownership = {
  owner: z.string().default("oneadmin"),
  group: z.string().default("flower"),
  permissions: z
    .string()
    .regex(/^[0-7]{3}$/)
    .default("640"),
};

const image = z.object({
  name: z.string().min(1),
  sizeMb: z.number().int().positive().default(4096),
  type: z.enum(["OS", "CDROM", "DATABLOCK"]).default("OS"),
  persistent: z.boolean().default(false),
  attributes: z.record(z.string(), z.string()).default({}),
  ...ownership,
});

const network = z.object({
  name: z.string().min(1),
  firstIp: z.ipv4(),
  size: z.number().int().positive(),
  networkAddress: z.ipv4(),
  mask: z.ipv4(),
  gateway: z.ipv4(),
  dns: z.ipv4(),
  bridge: z.string().default("br0"),
  /** Addresses that are gone already, held by the administrator. */
  held: z.array(z.ipv4()).default([]),
  ...ownership,
});

/** `text` is OpenNebula's template text. */
const vmTemplate = z.object({ name: z.string().min(1), text: z.string(), ...ownership });

/** `body` is the JSON that one would POST to /service_template. */
const serviceTemplate = z.object({ body: z.record(z.string(), z.unknown()), ...ownership });

const id = z.number().int().nonnegative();
const host = z.object({ name: z.string().min(1), cpu: z.number().positive(), memoryMb: z.number().int().positive() });

export const zoneSeed = z.object({
  version: z.string().default("7.4.0"),
  groups: z.array(group),
  users: z.array(user),
  defaultUserQuotas: limits.default({}),
  defaultGroupQuotas: limits.default({}),
  images: z.array(image),
  networks: z.array(network),
  vmTemplates: z.array(vmTemplate),
  serviceTemplates: z.array(serviceTemplate).default([]),
  hosts: z.array(host).nonempty(),
  /** The first ids of what comes after the seed. */
  startIds: z.object({ vms: id, documents: id, templates: id, images: id }).partial().default({}),
});

export type ZoneSeed = z.infer<typeof zoneSeed>;

const seedFile = z.object({ zones: z.array(zoneSeed.partial()) });

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
export const MOST_ZONES = LETTERS.length;

export function zoneName(index: number): string {
  return `zone-${LETTERS[index] ?? index}`;
}

/** Throws a ZodError when the file's content is no seed. Zones that it does not describe are the built-in ones. */
export function zoneSeeds(count: number, fileContent: unknown): ZoneSeed[] {
  const given = seedFile.parse(fileContent).zones;
  return Array.from({ length: count }, (_, index) => zoneSeed.parse({ ...builtInSeed(index), ...given[index] }));
}

function builtInSeed(index: number): z.input<typeof zoneSeed> {
  const name = zoneName(index);
  const block = publicBlock(index);
  return {
    groups: [{ name: "flower" }],
    users: [
      { name: "oneadmin", password: `oneadmin-of-${name}`, groups: ["oneadmin"] },
      { name: "serveradmin", password: `serveradmin-of-${name}`, groups: ["oneadmin"] },
      { name: "florist", password: `florist-of-${name}`, groups: ["flower"] },
    ],
    images: [{ name: "Flower SuperLink 1.31.0" }, { name: "Flower SuperNode 1.31.0" }],
    networks: [
      {
        name: "public",
        firstIp: `${block.prefix}.${block.base + 2}`,
        size: 13,
        networkAddress: `${block.prefix}.${block.base}`,
        mask: "255.255.255.240",
        gateway: `${block.prefix}.${block.base + 1}`,
        dns: `${block.prefix}.${block.base + 1}`,
        held: [`${block.prefix}.${block.base + 2}`],
      },
      {
        name: "private",
        firstIp: `10.${10 + index}.0.10`,
        size: 2000,
        networkAddress: `10.${10 + index}.0.0`,
        mask: "255.255.0.0",
        gateway: `10.${10 + index}.0.1`,
        dns: `10.${10 + index}.0.1`,
        bridge: "br1",
      },
    ],
    vmTemplates: [
      { name: "Flower SuperLink 1.31.0", text: vmTemplateText({ image: 0, network: 0, memoryMb: 2048 }) },
      { name: "Flower SuperNode 1.31.0", text: vmTemplateText({ image: 1, network: 1, memoryMb: 4096 }) },
      { name: "Flower gateway", text: vmTemplateText({ image: 1, network: 1, memoryMb: 512 }) },
    ],
    hosts: [
      { name: `node1-${name}`, cpu: 512, memoryMb: 2_097_152 },
      { name: `node2-${name}`, cpu: 512, memoryMb: 2_097_152 },
    ],
  };
}

/** A /28 of the documentation networks per zone: zone-a 203.0.113.16/28, zone-b 203.0.113.32/28 … */
function publicBlock(index: number): { prefix: string; base: number } {
  const perNetwork = 15;
  return index < perNetwork
    ? { prefix: "203.0.113", base: 16 * (index + 1) }
    : { prefix: "198.51.100", base: 16 * (index - perNetwork + 1) };
}

function vmTemplateText({ image, network, memoryMb }: { image: number; network: number; memoryMb: number }): string {
  return [
    'CPU="1"',
    'VCPU="2"',
    `MEMORY="${memoryMb}"`,
    'HYPERVISOR="kvm"',
    'OS=[ARCH="x86_64",BOOT=""]',
    'GRAPHICS=[LISTEN="0.0.0.0",TYPE="VNC"]',
    `DISK=[IMAGE_ID="${image}"]`,
    `NIC=[NETWORK_ID="${network}",MODEL="virtio"]`,
    'CONTEXT=[NETWORK="YES",TOKEN="YES",REPORT_READY="YES",SSH_PUBLIC_KEY="$USER[SSH_PUBLIC_KEY]"]',
  ].join("\n");
}
