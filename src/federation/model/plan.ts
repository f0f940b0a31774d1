/** What would run in a zone: immutable once proposed, and what an approval is bound to. */
import { z } from "zod";
import type { DeploymentKind } from "./deployment-reference.ts";
import { federationId, siteName, slug, zoneName } from "./identity.ts";

export const framework = z.enum(["none", "pytorch", "tensorflow", "sklearn"]);
export type Framework = z.infer<typeof framework>;

export const role = z.enum(["coordinator", "training"]);
export type Role = z.infer<typeof role>;

const hostAndPort = { host: z.string(), port: z.int().min(1).max(65535) };

/** Where training sites dial the SuperLink. */
export const superLinkEndpoint = z.strictObject(hostAndPort);
export type SuperLinkEndpoint = z.infer<typeof superLinkEndpoint>;

/**
 * Seconds between pings, and for the answer to one. A SuperLink allows pings every `serverMinimum`, or twice as often as
 * the interval where that is less (`server_minimum` in manifests/guest/flower_options.py).
 */
export const KEEPALIVE = { time: 60, timeout: 20, serverMinimum: 30, max: 3600 } as const;

/** What every site of a federation has in common. */
export const settings = z
  .strictObject({
    flowerVersion: z.string(),
    framework,
    /** Seconds, on both ends: between pings, and how long each waits for the answer. */
    keepaliveTime: z.int().min(KEEPALIVE.serverMinimum, "SuperNodes would ping more often than the SuperLink allows."),
    keepaliveTimeout: z.int().min(1),
  })
  .refine(({ keepaliveTime, keepaliveTimeout }) => keepaliveTimeout < keepaliveTime, {
    path: ["keepaliveTimeout"],
    message: "The next ping would be due before the answer to the last.",
  });
export type Settings = z.infer<typeof settings>;

const plannedImage = z.strictObject({ id: z.int(), name: z.string(), registeredAt: z.int() });

const hex256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One network card of each VM of a part, in the order in which the VM has them. */
const plannedNic = z.strictObject({
  network: z.strictObject({ id: z.int(), name: z.string() }),
  /** The address asked for; null for any. */
  address: z.ipv4().nullable(),
  model: z.string().nullable(),
  securityGroups: z.string().nullable(),
});
export type PlannedNic = z.infer<typeof plannedNic>;

export const partName = z.enum(["gateway", "superlink", "supernode"]);
export type PartName = z.infer<typeof partName>;

/** VMs of one kind: all made from one VM template, all alike but for their addresses. */
const part = z.strictObject({
  name: partName,
  /** The number of SuperNodes for a training site's own, else 1. */
  vms: z.int().min(1).max(10),
  template: z.strictObject({
    id: z.int(),
    name: z.string(),
    contentDigest: hex256,
    cpu: z.number(),
    vcpu: z.number(),
    memory: z.number(),
    images: z.array(plannedImage).readonly(),
  }),
  nics: z.array(plannedNic).min(1).readonly(),
});
export type Part = z.infer<typeof part>;

/** Where the hub of a federation's tunnels is reached from outside, over UDP. */
export const hubEndpoint = z.strictObject(hostAndPort);
export type HubEndpoint = z.infer<typeof hubEndpoint>;

/** Where a SuperLink listens for SuperNodes. */
export const FLEET_PORT = 9092;

/** Bytes of a packet inside a tunnel: no less than IPv6 needs, and no more than any path of 1500 carries. */
export const TUNNEL_MTU = { min: 1280, max: 1420 } as const;

/** Who has a site's end of the tunnels: each of its own VMs, or for all of them a VM beside them or the zone's own router. */
export const tunnelWay = z.enum(["own", "gateway", "router"]);
export type TunnelWay = z.infer<typeof tunnelWay>;

/** A tunnel to the SuperLink. What no other site's plan depends on is all that is in it. */
const wireGuardLink = z.strictObject({
  kind: z.literal("wireguard"),
  way: tunnelWay,
  hub: hubEndpoint,
  /** Every tunnel address of the federation, such as `10.99.0.0/23`. */
  range: z.cidrv4(),
  /** Of this site's ends. */
  mtu: z.int().min(TUNNEL_MTU.min).max(TUNNEL_MTU.max),
  /**
   * The pairs of addresses in the range that are this site's, of which a gateway or a router has the first; the
   * coordinator's hub is one end of each, and has none.
   */
  pairs: z.strictObject({ first: z.int().min(0), count: z.int().min(1) }).nullable(),
});
export type WireGuardLink = z.infer<typeof wireGuardLink>;

/** How a training site's traffic reaches the SuperLink. */
const link = z.discriminatedUnion("kind", [z.strictObject({ kind: z.literal("public-address") }), wireGuardLink]);

const dataFolder = z.strictObject({ kind: z.literal("folder"), path: z.string() });

/** What an owner wants its SuperNodes to show their apps: a folder that each VM has, or an image to be a disk of it. */
export const dataWish = z.discriminatedUnion("kind", [
  dataFolder,
  z.strictObject({ kind: z.literal("disk"), image: z.int().min(0) }),
]);
export type DataWish = z.infer<typeof dataWish>;

/** The same once the zone was looked at. */
const attachedData = z.discriminatedUnion("kind", [
  dataFolder,
  z.strictObject({ kind: z.literal("disk"), image: plannedImage }),
]);
export type AttachedData = z.infer<typeof attachedData>;

/** What the zone's VM template has beside what the plan says, as its owner knows it. */
const aside = z.strictObject({
  /** Networks of further cards that VMs do not get: the plan's card is in the place of all of them. */
  droppedCards: z.array(z.string()).readonly(),
  /** Networks of cards that are PCI devices, which VMs get beside the plan's. */
  keptCards: z.array(z.string()).readonly(),
  /** It has a start script, and the guest agent runs in its place. */
  startScriptReplaced: z.boolean(),
});

/**
 * The version of a plan's fields. A plan keeps the version it was made with, and its digest covers that version's
 * fields: a field that a later version adds voids no approval (`projected` in digest.ts).
 */
export const PLAN_VERSION = 6;

/** One site's part in a federation, exactly. Holds no secret and nothing that differs from one attempt to the next. */
export const sitePlan = z.strictObject({
  version: z.int().min(1).max(PLAN_VERSION),
  federation: federationId,
  name: slug,
  site: siteName,
  zone: zoneName,
  role,
  /** In the order in which they are created. */
  parts: z.array(part).min(1).readonly(),
  link,
  /** Digest of the manifest that is registered, the agent inside it (`Manifest` in manifests.ts). */
  manifest: hex256,
  /** SHA-256 of the guest agent's source. */
  agent: hex256,
  endpoint: superLinkEndpoint,
  caFingerprint: z.string(),
  settings,
  /** Public keys of those who may reach the Control API; only a coordinator has any. */
  sshKeys: z.array(z.string()).readonly(),
  /** What the owner tells its SuperNodes' apps, such as the data path. */
  nodeConfig: z.record(z.string(), z.string()).readonly(),
  /** From version 2 on; absent when there is nothing of the kind. */
  aside: aside.exactOptional(),
  /** From version 4 on: VMs of their own. Absent where they are to be those of a OneFlow service. */
  deploy: z.literal("vms").exactOptional(),
  /** From version 5 on: what the federation is for, absent where nobody asked for it. */
  purpose: z.string().exactOptional(),
  /** Its last day by UTC when the site was asked; absent where it has none. */
  until: z.iso.date().exactOptional(),
  /** From version 6 on: what the owner attached, absent where that is nothing. */
  data: attachedData.exactOptional(),
});
export type SitePlan = z.infer<typeof sitePlan>;

/** The part whose VMs speak Flower; every plan has one. */
export function flowerPart(plan: SitePlan): Part {
  const found = plan.parts.find(({ name }) => name !== "gateway");
  if (found === undefined) throw new Error(`The plan for ${plan.site} has no part.`);
  return found;
}

export function partOf(plan: Pick<SitePlan, "parts" | "site">, name: PartName): Part {
  const found = plan.parts.find((one) => one.name === name);
  if (found === undefined) throw new Error(`The plan for ${plan.site} has no part ${name}.`);
  return found;
}

/** The one VM that has the tunnel for the others, where there is one. */
export const gatewayPart = ({ parts }: Pick<SitePlan, "parts">): Part | null =>
  parts.find(({ name }) => name === "gateway") ?? null;

/** VMs of that part have an end of the tunnels: each, where it has its own, or else the gateway alone. */
export const hasTunnelEnd = ({ link }: Pick<SitePlan, "link">, part: PartName): boolean =>
  link.kind === "wireguard" && (link.way === "own" || part === "gateway");

/** VMs that have an end of the tunnels. */
export const tunnelEndsOf = (plan: SitePlan): number =>
  plan.parts.reduce((sum, { name, vms }) => sum + (hasTunnelEnd(plan, name) ? vms : 0), 0);

/** The address of it that the others dial. */
export const gatewayAddress = (plan: Pick<SitePlan, "parts">): string | null =>
  gatewayPart(plan)?.nics[0]?.address ?? null;

/** As what a plan is to be deployed. */
export const deploymentKind = ({ deploy }: Pick<SitePlan, "deploy">): DeploymentKind => deploy ?? "oneflow";

/** VMs of all parts together. */
export const vmsOf = (plan: SitePlan): number => plan.parts.reduce((sum, { vms }) => sum + vms, 0);

/** SuperNodes that a plan brings: none for a coordinator. */
export const superNodesOf = (plan: SitePlan): number =>
  plan.parts.reduce((sum, { name, vms }) => sum + (name === "supernode" ? vms : 0), 0);
