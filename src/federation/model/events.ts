/** Everything that can have happened to a federation. The journal holds these and nothing else. */
import { z } from "zod";
import { STAGES } from "../../guest-protocol/names.ts";
import { commandKind } from "./command-kinds.ts";
import { noticed } from "./condition-events.ts";
import { deploymentRef } from "./deployment-reference.ts";
import { cardId, channelId, digest, federationId, person, siteName, slug } from "./identity.ts";
import { MAX_PURPOSE, MAX_REQUEST } from "./limits.ts";
import { dataWish, hubEndpoint, partName, role, settings, sitePlan, superLinkEndpoint, tunnelWay } from "./plan.ts";
import { reasonCode, refusalCode } from "./reasons.ts";
import { rebootAction, rebootAnswer, rebootOutcome } from "./reboot-words.ts";
import { rotationEvents } from "./rotation-words.ts";
import { takenDisk } from "./taken-disk.ts";
import { termed } from "./term-events.ts";

/** A reason with what belongs to it. `detail` may name things of the zone and is for that zone's channel only. */
export const reason = z.strictObject({ code: reasonCode, detail: z.string() });
export type Reason = z.infer<typeof reason>;

export const siteWish = z.strictObject({
  site: siteName,
  role,
  superNodes: z.int().min(0).max(10),
  /** How its SuperNodes come, where there is a choice; they dial the public address when nothing is said. */
  crossing: z.enum(["public-address", "wireguard"]).exactOptional(),
});
export type SiteWish = z.infer<typeof siteWish>;

/** How the requester wants the SuperLink to be dialled: at an address given, or one picked from the zone's network. */
export const addressWish = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("given"), host: z.string(), port: z.int() }),
  z.strictObject({ kind: z.literal("picked"), port: z.int(), privateIsReachable: z.boolean() }),
]);
export type AddressWish = z.infer<typeof addressWish>;

const ofTunnels = {
  hub: hubEndpoint,
  /** Where tunnel addresses are from; null for a range that overlaps nothing. */
  range: z.cidrv4().nullable(),
};

/** How the requester wants training sites' traffic to cross to the SuperLink; with `both` each site has its own way. */
export const crossing = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("public-address"), address: addressWish }),
  z.strictObject({ kind: z.literal("wireguard"), ...ofTunnels }),
  z.strictObject({ kind: z.literal("both"), address: addressWish, ...ofTunnels }),
]);
export type Crossing = z.infer<typeof crossing>;

/** What a zone's owner may choose for its own zone when approving. */
export const adjustment = z.strictObject({
  template: z.union([z.int(), z.string()]).exactOptional(),
  network: z.union([z.int(), z.string()]).exactOptional(),
  superNodes: z.int().min(1).max(10).exactOptional(),
  data: dataWish.exactOptional(),
  tunnelWay: tunnelWay.exactOptional(),
});
export type Adjustment = z.infer<typeof adjustment>;

/** Kinds of consent: `run` for what runs in one's own zone, `admit` for a site that joins one's running federation. */
export const consentKind = z.enum(["run", "admit"]);
export type ConsentKind = z.infer<typeof consentKind>;

/** Who issues a federation's certificates: the bot with a CA of its own, or the coordinator's organisation with its own. */
export const issuer = z.enum(["florist", "organisation"]);
export type Issuer = z.infer<typeof issuer>;

const at = { site: siteName };
const vm = { ...at, vmId: z.int() };

const hex256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What a VM has shown of itself so far that decisions rest on. Everything in it is a claim. */
const observation = z.strictObject({
  /** The part of the plan that it was made for. */
  part: partName,
  /** As the zone says. */
  address: z.string().nullable(),
  /** The furthest it has come; whether it still is there is told by conditions. */
  stage: z.enum(STAGES).nullable(),
  /** SHA-256 of the certificate request it publishes. */
  request: hex256.nullable(),
  /** Fingerprint of the identity key it publishes. */
  key: z.string().nullable(),
  /** The tunnel key it publishes. */
  tunnelKey: z.string().nullable(),
});
export type VmObservation = z.infer<typeof observation>;
/** Names of all that is kept of a VM. */
export const OBSERVED = observation.keyof().options;

const asked = [
  z.strictObject({
    type: z.literal("federation-requested"),
    federation: federationId,
    name: slug,
    homeChannel: channelId,
    requester: person,
    settings,
    crossing,
    sites: z.array(siteWish).readonly(),
    minimumTrainingSites: z.int().min(1),
    /** What it is for, in its requester's words; empty where nobody asked for them. */
    purpose: z.string().max(MAX_PURPOSE),
    /** Who issues its certificates. */
    issuer,
    /** Its last day, by UTC; null: it runs until somebody ends it. */
    until: z.iso.date().nullable(),
  }),
  z.strictObject({ type: z.literal("site-requested"), wish: siteWish, requester: person }),
  z.strictObject({
    type: z.literal("authority-created"),
    generation: z.int().min(1),
    fingerprint: z.string(),
    certificate: z.string(),
    expiresAt: z.iso.datetime(),
  }),
  z.strictObject({
    type: z.literal("command-accepted"),
    kind: commandKind,
    /** null: the bot's operator. */
    by: person.nullable(),
    /** Makes a repeated delivery the same command. */
    key: z.string(),
  }),
  z.strictObject({
    type: z.literal("command-refused"),
    kind: commandKind,
    by: person,
    key: z.string(),
    /** On which card, where it was one. */
    card: cardId.nullable(),
    code: refusalCode,
  }),
] as const;

const proposed = [
  /** What stands in the way at one site; empty: nothing any more. */
  z.strictObject({ type: z.literal("preflight-failed"), ...at, problems: z.array(reason).readonly() }),
  z.strictObject({ type: z.literal("preflight-asked-again"), by: person }),
  z.strictObject({
    type: z.literal("endpoint-chosen"),
    endpoint: superLinkEndpoint,
    address: z.ipv4().nullable(),
    /** Where tunnel addresses are from; null without tunnels. */
    range: z.cidrv4().nullable(),
  }),
  z.strictObject({
    type: z.literal("site-planned"),
    ...at,
    card: cardId,
    plan: sitePlan,
    digest,
    disk: takenDisk,
    cause: z.enum(["requested", "adjusted", "zone-changed", "address-changed", "bot-upgraded"]),
    /** Who adjusted it; null when nobody did. */
    by: person.nullable(),
    adjustment,
    expiresAt: z.iso.datetime(),
  }),
] as const;

const voted = [
  z.strictObject({ type: z.literal("consent-given"), ...at, kind: consentKind, by: person, digest }),
  z.strictObject({
    type: z.literal("consent-refused"),
    ...at,
    kind: consentKind,
    by: person,
    digest,
    because: z.string(),
  }),
  z.strictObject({ type: z.literal("consent-withdrawn"), ...at, kind: consentKind, by: person }),
  z.strictObject({ type: z.literal("site-approved"), ...at, digest }),
  /** Too few of those who approved are owners now, or more are needed: it is asked again. */
  z.strictObject({ type: z.literal("approval-lapsed"), ...at, expiresAt: z.iso.datetime() }),
  z.strictObject({
    type: z.literal("site-excluded"),
    ...at,
    cause: z.enum(["rejected", "expired", "retired", "written-off", "run-out"]),
  }),
  /** The newest version will not run; what runs already goes on. */
  z.strictObject({ type: z.literal("proposal-dropped"), ...at, cause: z.enum(["rejected", "expired"]) }),
  z.strictObject({ type: z.literal("reminder-due"), ...at }),
  z.strictObject({
    type: z.literal("federation-ended"),
    cause: z.enum([
      "cancelled",
      "coordinator-rejected",
      "coordinator-expired",
      "too-few-sites",
      "torn-down",
      /** Its last day is over and nothing of it ever ran. */
      "run-out",
    ]),
    by: person.nullable(),
  }),
] as const;

const deployed = [
  z.strictObject({ type: z.literal("attempt-started"), ...at, attempt: z.int().min(1), digest }),
  z.strictObject({ type: z.literal("template-intended"), ...at, name: z.string() }),
  z.strictObject({ type: z.literal("template-registered"), ...at, templateId: z.int() }),
  z.strictObject({ type: z.literal("deployment-intended"), ...at, sequence: z.int().min(1), tag: z.string() }),
  /** The zone clearly refused the newest create: it left nothing behind, so the next needs not wait. */
  z.strictObject({ type: z.literal("deployment-postponed"), ...at, tag: z.string() }),
  /** One VM that no service is to hold, by its number among those of the tag, from 1 on. */
  z.strictObject({ type: z.literal("vm-intended"), ...at, tag: z.string(), number: z.int().min(1) }),
  z.strictObject({ type: z.literal("vm-created"), ...vm, number: z.int().min(1), found: z.boolean() }),
  z.strictObject({ type: z.literal("deployment-created"), ...at, ref: deploymentRef, found: z.boolean() }),
  /** Whose account the zone answered for when the deployment was first seen. */
  z.strictObject({ type: z.literal("account-seen"), ...at, account: z.int() }),
  z.strictObject({ type: z.literal("vm-observed"), ...vm, observation }),
  /** The SuperLink sees it and it says itself that it serves, for the first time. */
  z.strictObject({ type: z.literal("vm-online"), ...vm }),
  /** Proven by the zone: it is done. */
  z.strictObject({ type: z.literal("vm-gone"), ...vm }),
  z.strictObject({ type: z.literal("vms-verified"), ...at, vmIds: z.array(z.int()).readonly() }),
  /** All of the site's VMs have served at the same time. */
  z.strictObject({ type: z.literal("site-up"), ...at }),
  z.strictObject({ type: z.literal("site-failed"), ...at, reason }),
  /** OneFlow made no VM of it: what there is of it is removed, and then it is asked for anew. */
  z.strictObject({ type: z.literal("deployment-abandoned"), ...at, reason }),
  z.strictObject({ type: z.literal("duplicate-found"), ...at, ref: deploymentRef, tag: z.string() }),
  z.strictObject({ type: z.literal("removal-delayed"), ...at, removal: z.string(), reason }),
  z.strictObject({ type: z.literal("deployment-removed"), ...at, removal: z.string() }),
] as const;

const trusted = [
  /** Its organisation is to issue a certificate for this request, PEM: the first, or one that comes after it. */
  z.strictObject({ type: z.literal("certificate-asked"), ...vm, request: hex256, csr: z.string().max(MAX_REQUEST) }),
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
  /** The SuperLink lists them for the first time since it was told. */
  z.strictObject({ type: z.literal("keys-registered"), keys: z.array(z.string()).readonly() }),
  /** The SuperLink was told to drop them and lists them no more: nothing is left to say about them. */
  z.strictObject({ type: z.literal("revocations-done"), keys: z.array(z.string()).readonly() }),
  z.strictObject({ type: z.literal("vm-told-admitted"), ...vm, key: z.string() }),
  z.strictObject({ type: z.literal("authority-destroyed") }),
] as const;

/** The router's, and the one that the hub has meanwhile. */
const bothKeys = { key: z.string(), hub: z.string().nullable() };
const tunnelled = [
  /** `pair`: which of its site's pairs of addresses the VM has; null for the hub. */
  z.strictObject({ type: z.literal("tunnel-key-accepted"), ...vm, key: z.string(), pair: z.int().min(0).nullable() }),
  z.strictObject({ type: z.literal("tunnel-key-refused"), ...vm, key: z.string(), reason }),
  z.strictObject({ type: z.literal("tunnel-key-revoked"), ...vm, key: z.string() }),
  /** What the VM is to be told next: the keys at the other ends of its tunnels. */
  z.strictObject({
    type: z.literal("tunnel-peers-intended"),
    ...vm,
    sequence: z.int().min(1),
    pair: z.int().min(0).nullable(),
    peers: z.array(z.string()).readonly(),
    /** Next keys of these, known before they are used. */
    successors: z.array(z.strictObject({ key: z.string(), replaces: z.string() })).readonly(),
  }),
  /** An owner says which key the zone's own router has, and that it is set up. */
  z.strictObject({ type: z.literal("router-key-given"), ...at, by: person, ...bothKeys }),
  z.strictObject({ type: z.literal("tunnel-peers-delivered"), ...vm, sequence: z.int().min(1) }),
  ...rotationEvents,
] as const;

const ended = [
  z.strictObject({ type: z.literal("retry-asked"), ...at, by: person }),
  /** An owner has VMs that are not well rebooted; each is intended before its zone is asked. */
  z.strictObject({
    type: z.literal("reboot-asked"),
    ...at,
    by: person,
    vms: z.array(z.strictObject({ vmId: z.int(), action: rebootAction })).readonly(),
  }),
  z.strictObject({ type: z.literal("reboot-intended"), ...vm }),
  z.strictObject({ type: z.literal("reboot-answered"), ...vm, answer: rebootAnswer }),
  z.strictObject({ type: z.literal("reboot-ended"), ...at, outcome: rebootOutcome }),
  z.strictObject({ type: z.literal("site-retired"), ...at, by: person }),
  /** The operator says that the zone is gone for good, with whatever ran there. */
  z.strictObject({ type: z.literal("site-written-off"), ...at }),
  z.strictObject({
    type: z.literal("teardown-asked"),
    /** null: by nobody who was asked, for the reason given. */
    by: person.nullable(),
    because: z.enum(["asked", "written-off", "run-out"]),
    cards: z.record(siteName, cardId).readonly(),
  }),
  z.strictObject({ type: z.literal("teardown-withdrawn"), by: person }),
  z.strictObject({ type: z.literal("teardown-reminder-due"), ...at }),
  z.strictObject({ type: z.literal("teardown-agreed"), ...at, by: person }),
  /** What ran in the zone for this federation is to be removed now. */
  z.strictObject({ type: z.literal("site-stopped"), ...at }),
  z.strictObject({ type: z.literal("stop-announced"), ...at, by: person, stopsAt: z.iso.datetime() }),
] as const;

export const federationEvent = z.discriminatedUnion("type", [
  ...asked,
  ...proposed,
  ...voted,
  ...deployed,
  ...trusted,
  ...tunnelled,
  ...noticed,
  ...ended,
  ...termed,
]);
export type FederationEvent = z.infer<typeof federationEvent>;
export type EventOf<T extends FederationEvent["type"]> = Extract<FederationEvent, { type: T }>;
