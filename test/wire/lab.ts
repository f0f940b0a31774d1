import { ZonesControl } from "../../sandbox/zones/client.ts";
import { noRecord } from "../../sandbox/zones/record.ts";
import { type RunningZones, startZones } from "../../sandbox/zones/zones.ts";

/** What a lab starts with beyond what every recording was made against. */
export interface LabWish {
  /** The first ids, so that they are those of the recordings. */
  readonly startIds?: { vms?: number; documents?: number; templates?: number; images?: number };
  readonly florist?: Record<string, unknown>;
  readonly flower?: Record<string, unknown>;
  readonly zone?: Record<string, unknown>;
  readonly hypervisor?: string;
  readonly speed?: number;
}

export interface Lab {
  readonly running: RunningZones;
  readonly control: ZonesControl;
}

const flowerContext = (role: string) =>
  `CONTEXT=[FL_ROLE="${role}",NETWORK="YES",REPORT_READY="YES",SSH_PUBLIC_KEY="$USER[SSH_PUBLIC_KEY]",TOKEN="YES"]`;

const flowerTemplate = (role: string, memory: number) =>
  [
    'CPU="1"',
    'VCPU="2"',
    `MEMORY="${memory}"`,
    'HYPERVISOR="dummy"',
    'OS=[ARCH="x86_64",BOOT=""]',
    'GRAPHICS=[LISTEN="0.0.0.0",TYPE="VNC"]',
    'DISK=[IMAGE_ID="0"]',
    'NIC=[NETWORK_ID="0",MODEL="virtio"]',
    'USER_INPUTS=[ONEAPP_FL_FLEET_API="O|text|Fleet API address| |0.0.0.0:9092",ONEAPP_FL_TLS_ENABLED="O|boolean|Enable TLS| |YES"]',
    flowerContext(role),
  ].join("\n");

const coordinator = {
  name: "Flower Coordinator",
  deployment: "straight",
  description: "",
  ready_status_gate: true,
  automatic_deletion: false,
  roles: [{ name: "superlink", type: "vm", cardinality: 1, min_vms: 1, template_id: 0 }],
};

const trainingSite = {
  name: "Flower Training Site",
  deployment: "straight",
  description: "",
  ready_status_gate: true,
  automatic_deletion: false,
  user_inputs: {
    FL_SUPERLINK: "M|text|SuperLink address host:port",
    FL_CA_CERT: "O|text64|CA certificate, base64|| ",
  },
  networks: { fl: "M|network|Network for the training site||id:0" },
  roles: [
    {
      name: "supernode",
      type: "vm",
      cardinality: 2,
      min_vms: 2,
      max_vms: 10,
      cooldown: 5,
      template_id: 1,
      template_contents: { NIC: [{ NAME: "_NIC0", NETWORK_ID: "$fl" }] },
    },
  ],
};

/** The three zones as the recordings were made against: the same users, passwords, templates, image and networks. */
export async function startLab(wish: LabWish = {}): Promise<Lab> {
  const zone = (tens: number) => ({
    groups: [{ name: "flower", ...wish.flower }, { name: "outsiders" }],
    users: [
      { name: "oneadmin", password: "opennebula", groups: ["oneadmin"] },
      { name: "serveradmin", password: "of the lab", groups: ["oneadmin"] },
      { name: "flbot", password: "flbot-secret", groups: ["flower"], ...wish.florist },
      { name: "outsider", password: "outsider-secret", groups: ["outsiders"] },
      { name: "fltiny", password: "fltiny-secret", groups: ["flower"], quotas: { vm: { VMS: 1 } } },
    ],
    images: [{ name: "flower-os", sizeMb: 1024 }],
    networks: [network("fl-net", `10.${tens}.10`, 24, 200), network("big-net", `10.${tens + 1}.0`, 16, 4000)],
    vmTemplates: [
      { name: "Flower SuperLink", text: flowerTemplate("superlink", 2048) },
      { name: "Flower SuperNode", text: flowerTemplate("supernode", 1024) },
      {
        name: "tiny",
        text: 'CPU="0.1"\nMEMORY="64"\nHYPERVISOR="dummy"\nNIC=[NETWORK_ID="1"]\nCONTEXT=[NETWORK="YES",TOKEN="YES"]',
      },
    ],
    serviceTemplates: [{ body: coordinator }, { body: trainingSite }],
    hosts: [
      { name: "node1-a", cpu: 1000, memoryMb: 4_000_000 },
      { name: "node2-a", cpu: 1000, memoryMb: 4_000_000 },
    ],
    startIds: wish.startIds ?? {},
    ...wish.zone,
  });
  const running = await startZones({
    zones: 3,
    portBase: 0,
    federated: true,
    controlPort: 0,
    seed: { zones: [zone(10), zone(20), zone(30)] },
    hypervisor: wish.hypervisor === undefined ? undefined : { url: wish.hypervisor, token: undefined },
    speed: wish.speed ?? 200,
    record: noRecord,
  });
  return { running, control: new ZonesControl(running.addresses.control) };
}

function network(name: string, prefix: string, bits: 16 | 24, size: number): Record<string, unknown> {
  const networkAddress = `${prefix
    .split(".")
    .slice(0, bits / 8)
    .join(".")}${".0".repeat(4 - bits / 8)}`;
  return {
    name,
    firstIp: `${prefix}.10`,
    size,
    networkAddress,
    mask: bits === 24 ? "255.255.255.0" : "255.255.0.0",
    gateway: `${prefix}.1`,
    dns: `${prefix}.1`,
  };
}
