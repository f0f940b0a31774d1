/**
 * What is so and somebody cares about: raised once it has stood for a while, cleared once it has not, counted while it
 * comes and goes. The journal holds these changes and never what led to them.
 */
import { z } from "zod";
import { type Reason as GuestReason, LINKS, type Link, REASONS } from "../../guest-protocol/names.ts";
import { siteName, zoneName } from "./identity.ts";

/** What a condition is about. */
export const subject = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("site"), site: siteName }),
  /** The way from a training site to the SuperLink. */
  z.strictObject({ kind: z.literal("link"), site: siteName }),
  z.strictObject({ kind: z.literal("zone"), zone: zoneName }),
]);
export type Subject = z.infer<typeof subject>;

/** Fewer than approved serve, or the SuperLink does not: what a site's status is derived from. */
const AVAILABILITY = ["superlink-down", "supernodes-offline"] as const;

/** What the zone says of VMs, or cannot say. */
const VM = [
  "vm-stopped",
  "vm-failed",
  "vm-unknown",
  "vm-missing",
  "vm-gone",
  "vm-silent",
  "vm-unplaced",
  "vm-held",
  "vm-unreadable",
] as const;

/** What is wrong with a zone as a whole: what is known of what runs there is then from before. */
const ZONE = ["zone-away", "zone-account", "zone-administrator", "zone-left-file"] as const;

/** A zone that can be seen, and in which nothing can be changed. */
const HINDRANCE = ["zone-read-only"] as const;

/** What somebody has done in a VM: keys that no site published, and more keys or requests than a VM is granted. */
const CONDUCT = ["unknown-nodes", "key-changes", "certificate-requests"] as const;

/** What both ends of a tunnel show together: why one does not answer, that two machines are one end, and what is dropped. */
const TUNNEL = [
  "tunnel-cut",
  "tunnel-unheard",
  "tunnel-unanswered",
  "tunnel-other-key",
  "tunnel-beyond",
  "tunnel-not-allowed",
  "tunnel-two-places",
  "tunnel-strays",
  "tunnel-forged",
  "gateway-down",
  "gateway-does-not-pass",
  "hub-gateway-down",
  "hub-gateway-does-not-pass",
  "router-silent",
  "router-other-key",
  "router-does-not-pass",
  "router-other-address",
] as const;

export type TunnelCode = (typeof TUNNEL)[number];
export type LinkCode = `link-${Exclude<Link, "ok">}`;
export type GuestCode = `guest-${Exclude<GuestReason, "none">}`;
export type ConditionCode =
  | (typeof AVAILABILITY)[number]
  | (typeof VM)[number]
  | (typeof ZONE)[number]
  | (typeof HINDRANCE)[number]
  | (typeof CONDUCT)[number]
  | TunnelCode
  | LinkCode
  | GuestCode;

export const linkCode = (link: Exclude<Link, "ok">): LinkCode => `link-${link}`;
export const guestCode = (reason: Exclude<GuestReason, "none">): GuestCode => `guest-${reason}`;

/** Every code there is. */
export const CONDITION_CODES: readonly ConditionCode[] = [
  ...AVAILABILITY,
  ...VM,
  ...ZONE,
  ...HINDRANCE,
  ...CONDUCT,
  ...TUNNEL,
  ...LINKS.flatMap((link) => (link === "ok" ? [] : [linkCode(link)])),
  ...REASONS.flatMap((reason) => (reason === "none" ? [] : [guestCode(reason)])),
];

const known: ReadonlySet<string> = new Set(CONDITION_CODES);
export const conditionCode = z.custom<ConditionCode>((value) => typeof value === "string" && known.has(value));

/** How many of a site's VMs serve, of how many. */
export const extent = z.strictObject({ online: z.int().min(0), expected: z.int().min(0) });
export type Extent = z.infer<typeof extent>;

/** VMs that are named with a condition; more are counted only. */
export const MAX_NAMED_VMS = 10;

/** What a look found to be so, before anybody knows whether it stays. */
export interface Finding {
  readonly subject: Subject;
  readonly code: ConditionCode;
  /** Of the zone, for that zone's channel only. */
  readonly detail: string;
  readonly vmIds: readonly number[];
  readonly extent: Extent | null;
}

export interface Condition extends Finding {
  /** Since when it has been so, or has come and gone. ISO 8601. */
  readonly since: string;
  /** How often it has come in that time. */
  readonly count: number;
  /** It keeps coming and going; it is told again when it has been steady for a while. */
  readonly flapping: boolean;
  readonly raised: boolean;
  readonly clearedAt: string | null;
  /** Number of the event that raised it last. */
  readonly raisedSeq: number;
}

/** Names a subject within its federation. */
function subjectKey(of: Subject): string {
  switch (of.kind) {
    case "site":
    case "link":
      return `${of.kind} ${of.site}`;
    case "zone":
      return `zone ${of.zone}`;
  }
}

/** Names a condition within its federation. */
export const conditionKey = ({ subject: of, code }: Pick<Finding, "subject" | "code">): string =>
  `${subjectKey(of)} ${code}`;

const members = (list: readonly string[]): ReadonlySet<string> => new Set(list);
const availability = members(AVAILABILITY);
const ofZone = members(ZONE);
const ofTunnel = members(TUNNEL);

/** A guest says so itself, of itself. */
export const isClaim = (code: ConditionCode): boolean =>
  code.startsWith("guest-") || code.startsWith("link-") || ofTunnel.has(code);
/** It is seen in the site's own zone and in the coordinator's together. */
export const isOfBothEnds = (code: ConditionCode): boolean => code === "supernodes-offline" || ofTunnel.has(code);
export const isAvailability = (code: ConditionCode): boolean => availability.has(code);
export const isOfZone = (code: ConditionCode): boolean => ofZone.has(code);
