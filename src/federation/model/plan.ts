/** What would run in a zone: immutable once proposed, and what an approval is bound to. */
import { z } from "zod";
import { federationId, slug, zoneName } from "./identity.ts";

export const framework = z.enum(["none", "pytorch", "tensorflow", "sklearn"]);
export type Framework = z.infer<typeof framework>;

export const role = z.enum(["coordinator", "training"]);
export type Role = z.infer<typeof role>;

/** Where training sites dial the SuperLink. */
export const dialled = z.strictObject({ host: z.string(), port: z.int().min(1).max(65535) });
export type SuperLinkEndpoint = z.infer<typeof dialled>;

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

/** One zone's part, exactly. Holds no secret and nothing that differs from one attempt to the next. */
export const sitePlan = z.strictObject({
  federation: federationId,
  name: slug,
  zone: zoneName,
  role,
  /** VMs of the role: 1 for a coordinator, the number of SuperNodes for a training site. */
  vms: z.int().min(1).max(10),
  /** SHA-256 over the service template as registered, the agent inside it. */
  manifest: hex256,
  /** SHA-256 of the guest agent's source. */
  agent: hex256,
  template: z.strictObject({
    id: z.int(),
    name: z.string(),
    contentDigest: hex256,
    cpu: z.number(),
    vcpu: z.number(),
    memory: z.number(),
    images: z.array(plannedImage).readonly(),
    model: z.string().nullable(),
    securityGroups: z.string().nullable(),
  }),
  network: z.strictObject({ id: z.int(), name: z.string(), address: z.ipv4().nullable() }),
  dialled,
  caFingerprint: z.string(),
  settings,
  /** Public keys of those who may reach the Control API; only a coordinator has any. */
  sshKeys: z.array(z.string()).readonly(),
  /** What the owner tells its SuperNodes' apps, such as the data path. */
  nodeConfig: z.record(z.string(), z.string()).readonly(),
});
export type SitePlan = z.infer<typeof sitePlan>;
