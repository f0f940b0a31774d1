/** Everything that can have happened to a federation. The journal holds these and nothing else. */
import { z } from "zod";
import { LINKS, NODE_STATUSES, REASONS, STAGES } from "../../guest-protocol/names.ts";
import { cardId, channelId, digest, federationId, person, slug, zoneName } from "./identity.ts";
import { dialled, role, settings, sitePlan } from "./plan.ts";
import { reasonCode } from "./reasons.ts";

/** A reason with what belongs to it. `detail` may name things of the zone and is for that zone's channel only. */
export const reason = z.strictObject({ code: reasonCode, detail: z.string() });
export type Reason = z.infer<typeof reason>;

export const siteWish = z.strictObject({ zone: zoneName, role, superNodes: z.int().min(0).max(10) });
export type SiteWish = z.infer<typeof siteWish>;

/** How the requester wants the SuperLink to be dialled: at an address given, or one picked from the zone's network. */
export const addressWish = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("given"), host: z.string(), port: z.int() }),
  z.strictObject({ kind: z.literal("picked"), port: z.int(), privateIsReachable: z.boolean() }),
]);
export type AddressWish = z.infer<typeof addressWish>;

/** What a zone's owner may choose for its own zone when approving. */
export const adjustment = z.strictObject({
  template: z.union([z.int(), z.string()]).exactOptional(),
  network: z.union([z.int(), z.string()]).exactOptional(),
  superNodes: z.int().min(1).max(10).exactOptional(),
  dataPath: z.string().exactOptional(),
});
export type Adjustment = z.infer<typeof adjustment>;

/** Kinds of consent: `run` for what runs in one's own zone, `admit` for a newcomer to one's running federation. */
export const consentKind = z.enum(["run", "admit"]);
export type ConsentKind = z.infer<typeof consentKind>;

const at = { site: zoneName };
const vm = { ...at, vmId: z.int() };

const hex256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What is known of a guest: what its zone says of the VM, and what it claims of itself. */
const sighting = z.strictObject({
  state: z.enum(["coming", "running", "stopped", "unknown", "failed", "gone"]),
  address: z.string().nullable(),
  /** Its heartbeat has not moved for longer than the policy's silence. */
  silent: z.boolean(),
  stage: z.enum(STAGES).nullable(),
  reason: z.enum(REASONS).nullable(),
  link: z.enum(LINKS).nullable(),
  /** SHA-256 of the certificate request it publishes. */
  request: hex256.nullable(),
  /** Fingerprint of the identity key it publishes. */
  key: z.string().nullable(),
});
export type Sighting = z.infer<typeof sighting>;

export const federationEvent = z.discriminatedUnion("type", [
  // Asked for
  z.strictObject({
    type: z.literal("federation-requested"),
    federation: federationId,
    name: slug,
    homeChannel: channelId,
    requester: person,
    settings,
    address: addressWish,
    sites: z.array(siteWish).readonly(),
    minimumTrainingSites: z.int().min(1),
  }),
  z.strictObject({ type: z.literal("site-requested"), wish: siteWish, requester: person }),
  z.strictObject({
    type: z.literal("authority-created"),
    fingerprint: z.string(),
    certificate: z.string(),
    expiresAt: z.iso.datetime(),
  }),
  // Looked at, planned, proposed
  z.strictObject({
    type: z.literal("preflight-failed"),
    problems: z.array(z.strictObject({ site: zoneName, ...reason.shape })).readonly(),
  }),
  z.strictObject({ type: z.literal("preflight-asked-again"), by: person }),
  z.strictObject({ type: z.literal("address-settled"), dialled, address: z.ipv4().nullable() }),
  z.strictObject({
    type: z.literal("site-planned"),
    ...at,
    card: cardId,
    plan: sitePlan,
    digest,
    cause: z.enum(["requested", "adjusted", "zone-changed", "address-changed"]),
    /** Who adjusted it; null when nobody did. */
    by: person.nullable(),
    adjustment,
    expiresAt: z.iso.datetime(),
  }),
  // Decided
  z.strictObject({
    type: z.literal("consent-given"),
    ...at,
    kind: consentKind,
    by: person,
    digest,
    /** Makes a repeated delivery the same decision: the view's id, or message, action time and person. */
    decision: z.string(),
  }),
  z.strictObject({
    type: z.literal("consent-refused"),
    ...at,
    kind: consentKind,
    by: person,
    digest,
    decision: z.string(),
    because: z.string(),
  }),
  z.strictObject({ type: z.literal("consent-withdrawn"), ...at, kind: consentKind, by: person, decision: z.string() }),
  z.strictObject({ type: z.literal("site-approved"), ...at, digest }),
  z.strictObject({ type: z.literal("site-left-out"), ...at, cause: z.enum(["rejected", "expired", "retired"]) }),
  z.strictObject({ type: z.literal("reminder-due"), ...at }),
  z.strictObject({
    type: z.literal("federation-ended"),
    cause: z.enum(["cancelled", "coordinator-rejected", "coordinator-expired", "too-few-sites", "torn-down"]),
    by: person.nullable(),
  }),
  // Rolled out
  z.strictObject({ type: z.literal("attempt-started"), ...at, attempt: z.int().min(1) }),
  z.strictObject({ type: z.literal("template-intended"), ...at, name: z.string() }),
  z.strictObject({ type: z.literal("template-registered"), ...at, templateId: z.int() }),
  z.strictObject({ type: z.literal("service-intended"), ...at, sequence: z.int().min(1), tag: z.string() }),
  z.strictObject({ type: z.literal("service-created"), ...at, serviceId: z.int(), found: z.boolean() }),
  z.strictObject({
    type: z.literal("guest-seen"),
    ...vm,
    sighting,
  }),
  z.strictObject({ type: z.literal("guests-verified"), ...at, vmIds: z.array(z.int()).readonly() }),
  z.strictObject({
    type: z.literal("certificate-issued"),
    ...vm,
    serial: z.string(),
    fingerprint: z.string(),
    certificate: z.string(),
    expiresAt: z.iso.datetime(),
    /** SHA-256 of the request it answers. */
    request: hex256,
  }),
  z.strictObject({ type: z.literal("certificate-delivered"), ...vm, serial: z.string() }),
  z.strictObject({ type: z.literal("coordinator-verified"), ...vm }),
  z.strictObject({ type: z.literal("key-accepted"), ...vm, key: z.string(), publicKey: z.string() }),
  z.strictObject({ type: z.literal("key-refused"), ...vm, key: z.string(), reason }),
  z.strictObject({ type: z.literal("key-revoked"), ...vm, key: z.string() }),
  z.strictObject({
    type: z.literal("admissions-delivered"),
    /** The coordinator VM that was told. */
    vmId: z.int(),
    sequence: z.int(),
    admitted: z.array(z.string()).readonly(),
    revoked: z.array(z.string()).readonly(),
  }),
  z.strictObject({ type: z.literal("guest-told-admitted"), ...vm, key: z.string() }),
  z.strictObject({
    type: z.literal("nodes-seen"),
    nodes: z.array(z.strictObject({ key: z.string(), nodeId: z.string(), status: z.enum(NODE_STATUSES) })).readonly(),
  }),
  z.strictObject({
    type: z.literal("site-status-changed"),
    ...at,
    status: z.enum(["up", "degraded", "down"]),
    online: z.int(),
    expected: z.int(),
  }),
  z.strictObject({ type: z.literal("site-failed"), ...at, reason }),
  // Ended, retried
  z.strictObject({ type: z.literal("retry-asked"), ...at, by: person }),
  z.strictObject({ type: z.literal("site-retired"), ...at, by: person }),
  z.strictObject({ type: z.literal("teardown-asked"), by: person, cards: z.record(zoneName, cardId).readonly() }),
  z.strictObject({ type: z.literal("teardown-agreed"), ...at, by: person, decision: z.string() }),
  /** What ran in the zone for this federation is to be removed now. */
  z.strictObject({ type: z.literal("site-stopped"), ...at }),
  z.strictObject({ type: z.literal("stop-announced"), ...at, by: person, stopsAt: z.iso.datetime() }),
  z.strictObject({ type: z.literal("twin-found"), ...at, serviceId: z.int() }),
  z.strictObject({ type: z.literal("removal-delayed"), ...at, serviceId: z.int(), reason }),
  z.strictObject({ type: z.literal("service-removed"), ...at, serviceId: z.int() }),
  z.strictObject({ type: z.literal("authority-destroyed") }),
  // Told
  z.strictObject({
    type: z.literal("message-posted"),
    key: z.string(),
    channel: channelId,
    ts: z.string(),
    content: z.string(),
  }),
  z.strictObject({ type: z.literal("message-updated"), key: z.string(), content: z.string() }),
  z.strictObject({ type: z.literal("message-given-up"), key: z.string(), channel: channelId, because: z.string() }),
]);
export type FederationEvent = z.infer<typeof federationEvent>;
export type EventOf<T extends FederationEvent["type"]> = Extract<FederationEvent, { type: T }>;
