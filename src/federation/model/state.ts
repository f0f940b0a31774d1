/** What a federation is now: derived from its events by `evolve`, never stored. */
import type {
  AddressWish,
  Adjustment,
  ConsentKind,
  EventOf,
  FederationEvent,
  Reason,
  Sighting,
  SiteWish,
} from "./events.ts";
import type { CardId, ChannelId, Digest, FederationId, Person, Slug, ZoneName } from "./identity.ts";
import type { Role, Settings, SitePlan, SuperLinkEndpoint } from "./plan.ts";
import type { ReasonCode } from "./reasons.ts";

/** One version of what would run in a zone, put before its owners. */
export interface Proposal {
  readonly card: CardId;
  readonly plan: SitePlan;
  readonly digest: Digest;
  readonly cause: EventOf<"site-planned">["cause"];
  readonly by: Person | null;
  readonly adjustment: Adjustment;
  readonly askedAt: string;
  readonly expiresAt: string;
}

export interface Consent {
  readonly kind: ConsentKind;
  readonly by: Person;
  readonly digest: Digest;
  readonly decision: string;
  readonly at: string;
}

export interface Refusal extends Consent {
  readonly because: string;
}

export interface IssuedCertificate {
  readonly serial: string;
  readonly fingerprint: string;
  readonly certificate: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly request: string;
  readonly delivered: boolean;
}

export interface Guest {
  readonly vmId: number;
  readonly sighting: Sighting;
  readonly seenAt: string;
  /** When it first reached its present stage. */
  readonly stageSince: string;
  readonly certificate: IssuedCertificate | null;
  /** Of certificates issued to it earlier, which it serves until a renewed one has reached it. */
  readonly previousFingerprints: readonly string[];
  /** The identity key it was admitted with. */
  readonly acceptedKey: string | null;
  readonly refusedKeys: readonly { readonly key: string; readonly code: ReasonCode }[];
  readonly toldAdmitted: boolean;
  /** It was compared with the plan and is what was approved. */
  readonly verified: boolean;
}

/** One attempt to bring a site up. */
export interface Run {
  readonly attempt: number;
  readonly startedAt: string;
  readonly templateName: string | null;
  readonly templateId: number | null;
  /** FL_ATTEMPT of the newest create, intended before it is tried. */
  readonly tag: string | null;
  readonly intendedAt: string | null;
  readonly serviceId: number | null;
  readonly createdAt: string | null;
  readonly guests: ReadonlyMap<number, Guest>;
  readonly failure: { readonly reason: Reason; readonly at: string } | null;
}

export interface Removal {
  readonly serviceId: number;
  readonly cause: "retry" | "retire" | "teardown" | "twin";
  readonly since: string;
  readonly delayed: Reason | null;
}

export type SiteStatus = "up" | "degraded" | "down";

/**
 * Where a site stands with its owners. `left-out` covers rejected and expired ones and those retired:
 * nothing of them is to run.
 */
export type Standing = "planning" | "asking" | "approved" | "left-out";

export interface Site {
  readonly zone: ZoneName;
  readonly role: Role;
  readonly wish: SiteWish;
  readonly requester: Person;
  /** Asked for when the federation was already deciding or running: its coordinator's owner must admit it. */
  readonly joinedLater: boolean;
  readonly standing: Standing;
  readonly leftOut: EventOf<"site-left-out">["cause"] | null;
  /** Newest last. */
  readonly proposals: readonly Proposal[];
  /** Those that stand for the newest proposal; others are void. */
  readonly consents: readonly Consent[];
  readonly refusal: Refusal | null;
  readonly reminded: boolean;
  readonly run: Run | null;
  readonly attempts: number;
  /** Counts creates over all attempts; part of FL_ATTEMPT. */
  readonly sequences: number;
  readonly removals: readonly Removal[];
  /** Services that are known to have ended; a look made earlier may still show them. */
  readonly removed: readonly number[];
  readonly status: SiteStatus | null;
  readonly online: number;
  readonly teardown: { readonly card: CardId; readonly agreedBy: Person | null } | null;
}

export interface AdmittedKey {
  readonly key: string;
  readonly publicKey: string;
  readonly site: ZoneName;
  readonly vmId: number;
  readonly revoked: boolean;
}

export interface PostedMessage {
  readonly channel: ChannelId;
  readonly ts: string;
  /** Hash of what it shows. */
  readonly content: string;
}

export interface StoryEntry {
  readonly seq: number;
  readonly at: string;
  readonly event: FederationEvent;
}

export interface Federation {
  readonly id: FederationId;
  readonly name: Slug;
  readonly homeChannel: ChannelId;
  readonly requester: Person;
  readonly requestedAt: string;
  readonly settings: Settings;
  readonly addressWish: AddressWish;
  readonly minimumTrainingSites: number;
  readonly authority: {
    readonly fingerprint: string;
    readonly certificate: string;
    readonly expiresAt: string;
  } | null;
  readonly authorityDestroyed: boolean;
  readonly dialled: SuperLinkEndpoint | null;
  /** The address asked for on the coordinator's NIC; null when it was given by hand. */
  readonly address: string | null;
  readonly problems: EventOf<"preflight-failed">["problems"];
  readonly sites: ReadonlyMap<ZoneName, Site>;
  /** When the coordinator's address and CA were first found to be the plan's. */
  readonly trustedAt: string | null;
  /** The coordinator VM whose address, CA and certificate were verified. */
  readonly verifiedVm: number | null;
  readonly nodes: EventOf<"nodes-seen">["nodes"];
  readonly keys: ReadonlyMap<string, AdmittedKey>;
  readonly admissions: EventOf<"admissions-delivered"> | null;
  readonly teardownAskedBy: Person | null;
  /** When the coordinator stops although training sites still run; its owner decided so. */
  readonly stopAnnounced: string | null;
  readonly ended: {
    readonly cause: EventOf<"federation-ended">["cause"];
    readonly by: Person | null;
    readonly at: string;
  } | null;
  readonly messages: ReadonlyMap<string, PostedMessage>;
  readonly givenUp: ReadonlyMap<string, string>;
  /** Every event that people may care about, in order; a projection tells each of them once. */
  readonly story: readonly StoryEntry[];
  readonly seq: number;
}

export const currentProposal = (site: Site): Proposal | null => site.proposals.at(-1) ?? null;

export function coordinatorOf(federation: Federation): Site {
  for (const site of federation.sites.values()) if (site.role === "coordinator") return site;
  throw new Error(`Federation ${federation.id} has no coordinator: its journal does not begin with a request.`);
}

export const trainingSitesOf = (federation: Federation): readonly Site[] =>
  [...federation.sites.values()].filter((site) => site.role === "training");

/** The key that the guest publishes now was judged, and was not admitted. */
export const isTurnedAway = ({ sighting, refusedKeys }: Guest): boolean =>
  refusedKeys.some(({ key }) => key === sighting.key);
