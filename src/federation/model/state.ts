/** What a federation is now: derived from its events by `evolve`, never stored as truth. */
import type { Condition } from "./conditions.ts";
import type { DeploymentRef } from "./deployment-reference.ts";
import type {
  Adjustment,
  ConsentKind,
  Crossing,
  EventOf,
  FederationEvent,
  Issuer,
  Reason,
  SiteWish,
  VmObservation,
} from "./events.ts";
import type { CardId, ChannelId, Digest, FederationId, Person, SiteName, Slug, ZoneName } from "./identity.ts";
import type { Role, Settings, SitePlan, SuperLinkEndpoint } from "./plan.ts";
import type { ReasonCode } from "./reasons.ts";
import type { Reboot } from "./reboot-words.ts";
import type { Rotation } from "./rotation-words.ts";
import type { TakenDisk } from "./taken-disk.ts";
import type { GoOn, Term } from "./term.ts";

/** One version of what would run in a zone, put before its owners. */
export interface Proposal {
  readonly card: CardId;
  readonly plan: SitePlan;
  readonly digest: Digest;
  readonly disk: TakenDisk;
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

/** A certificate that a federation's organisation is to issue. */
export interface AskedCertificate {
  /** SHA-256 of the request as it was published, and the request itself in PEM. */
  readonly request: string;
  readonly csr: string;
  readonly at: string;
}

/** A VM that the bot caused to exist. */
export interface DeployedVm {
  readonly vmId: number;
  readonly seen: VmObservation;
  readonly seenAt: string;
  /** When it first reached its present stage. */
  readonly stageSince: string;
  /** How often it has published another request or key; only the first few count. */
  readonly identityChanges: number;
  /** What its organisation was asked to issue last. */
  readonly asked: AskedCertificate | null;
  readonly certificate: IssuedCertificate | null;
  /** When certificates were issued to it, newest last: few are, in half of a certificate's life. */
  readonly issuedAt: readonly string[];
  /** Of certificates issued to it earlier, which it serves until a renewed one has reached it. Newest last. */
  readonly previousFingerprints: readonly string[];
  /** The identity key it was admitted with. */
  readonly acceptedKey: string | null;
  readonly refusedKeys: readonly { readonly key: string; readonly code: ReasonCode }[];
  readonly toldAdmitted: boolean;
  /** The tunnel key that counts. */
  readonly tunnelKey: string | null;
  readonly refusedTunnelKeys: readonly { readonly key: string; readonly code: ReasonCode }[];
  /** What it was told last of its tunnels, or is about to be told. */
  readonly tunnelTold: TunnelTold | null;
  /** It was compared with the plan and is what was approved. */
  readonly verified: boolean;
  /** It has been online once. */
  readonly wasOnline: boolean;
  /** Proven by its zone to be done. */
  readonly gone: boolean;
}

/** The newest `WG_PEERS` that was intended for a VM. */
export interface TunnelTold {
  readonly sequence: number;
  readonly pair: number | null;
  /** Keys at the other ends. */
  readonly peers: readonly string[];
  /** Next keys of these, which they do not use yet. */
  readonly successors: readonly { readonly key: string; readonly replaces: string }[];
  readonly delivered: boolean;
}

/** One attempt to bring a site up, with what it was approved to be: unmoved by what is asked, edited or upgraded later. */
export interface Deployment {
  readonly attempt: number;
  readonly startedAt: string;
  readonly plan: SitePlan;
  readonly digest: Digest;
  readonly card: CardId;
  readonly templateName: string | null;
  readonly templateId: number | null;
  /** FL_ATTEMPT of the newest create, intended before it is tried. */
  readonly tag: string | null;
  readonly intendedAt: string | null;
  /** The zone clearly refused the newest create that bears the tag: another needs not wait for it. */
  readonly postponed: boolean;
  /** Where no service is to hold its VMs: how many creates were intended, the newest of which may be open. */
  readonly intendedVms: number;
  /** And the VMs that these have brought, in their order. */
  readonly madeVms: readonly number[];
  readonly ref: DeploymentRef | null;
  readonly createdAt: string | null;
  /** Times that OneFlow made no VM of it and it was asked for anew. */
  readonly abandoned: number;
  /** Id of the account that the zone answered for; null until it was seen. */
  readonly account: number | null;
  readonly vms: ReadonlyMap<number, DeployedVm>;
  /** When all of its VMs first served at the same time. */
  readonly upAt: string | null;
  readonly failure: { readonly reason: Reason; readonly at: string } | null;
  /** The newest few that its owners asked for, newest last. */
  readonly reboots: readonly Reboot[];
  /** The same of changes of its tunnel keys. */
  readonly rotations: readonly Rotation[];
}

/** What was deployed and is to be removed. */
export interface Removal {
  readonly key: string;
  /** null: the answer to its create was lost, and it is looked for by its tag. */
  readonly ref: DeploymentRef | null;
  readonly tag: string | null;
  /** When the create that bears the tag was tried. */
  readonly intendedAt: string | null;
  /** VMs it is known to have. */
  readonly vmIds: readonly number[];
  /** Id of the account that it was deployed for, where that is known. */
  readonly account: number | null;
  readonly cause: "retry" | "retire" | "teardown" | "abandoned" | "duplicate";
  readonly since: string;
  readonly delayed: Reason | null;
}

/**
 * Where a site stands with its owners. `excluded` covers rejected and expired ones, those retired and those written
 * off: nothing of them is to run.
 */
export type ApprovalState = "planning" | "pending" | "approved" | "excluded";

/** What is asked of a site, beside what runs there. */
export interface Site {
  readonly name: SiteName;
  /** Where it is. */
  readonly zone: ZoneName;
  readonly role: Role;
  readonly wish: SiteWish;
  readonly requester: Person;
  readonly requestedAt: string;
  /** Asked for when the federation was already deciding or running: its coordinator's owner must admit it. */
  readonly joinedLater: boolean;
  readonly approvalState: ApprovalState;
  readonly excluded: EventOf<"site-excluded">["cause"] | null;
  /** What stands in the way of planning or beginning. */
  readonly problems: readonly Reason[];
  /** The newest few, newest last. */
  readonly proposals: readonly Proposal[];
  /** Those that stand for the newest proposal or for what runs; others are void. */
  readonly consents: readonly Consent[];
  readonly refusal: Refusal | null;
  /** The tunnel key of the zone's own router, as an owner gave it, and the hub's then; null until one did. */
  readonly router: Readonly<Pick<EventOf<"router-key-given">, "key" | "hub" | "by"> & { at: string }> | null;
  readonly reminded: boolean;
  readonly deployment: Deployment | null;
  /** An owner wants what runs replaced by a new attempt. */
  readonly retryAskedBy: Person | null;
  readonly attempts: number;
  /** Counts creates over all attempts; part of FL_ATTEMPT. */
  readonly sequences: number;
  readonly removals: readonly Removal[];
  /** Keys of the newest removals that have ended, and of what they were of; a look made earlier may still show that. */
  readonly removed: readonly string[];
  readonly teardown: { readonly card: CardId; readonly agreedBy: Person | null; readonly reminded: boolean } | null;
  /** Cards of the newest teardowns that were asked for and withdrawn. */
  readonly withdrawnTeardowns: readonly CardId[];
  /** The newest few times that its owners were asked whether it goes on, newest last. */
  readonly goOns: readonly GoOn[];
}

export interface AdmittedKey {
  readonly key: string;
  readonly publicKey: string;
  readonly site: SiteName;
  readonly vmId: number;
  readonly revoked: boolean;
  /** The SuperLink lists it. */
  readonly registered: boolean;
  /** Some SuperLink VM was told to admit it, so it has to be told when it is revoked. */
  readonly told: boolean;
  /** Revoked, and nothing is left to be told about it. */
  readonly settled: boolean;
}

/** A key that counts as one end of a tunnel, or did. */
export interface TunnelKey {
  readonly key: string;
  readonly site: SiteName;
  readonly vmId: number;
  /** Which pair of addresses it has; null for the hub, which is one end of each. */
  readonly pair: number | null;
  readonly revoked: boolean;
  /** It took another's place because an owner asked for that: it counts for nothing that a VM is granted. */
  readonly asked: boolean;
}

/** One certificate authority of a federation. One that is being replaced stands beside its successor. */
export interface Authority {
  readonly generation: number;
  readonly fingerprint: string;
  readonly certificate: string;
  readonly expiresAt: string;
}

export interface TimelineEntry {
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
  readonly crossing: Crossing;
  readonly minimumTrainingSites: number;
  /** What it is for; empty where nobody asked for it. */
  readonly purpose: string;
  readonly issuer: Issuer;
  /** null: it runs until somebody ends it. */
  readonly term: Term | null;
  /** Oldest first. */
  readonly authorities: readonly Authority[];
  readonly authorityDestroyed: boolean;
  readonly endpoint: SuperLinkEndpoint | null;
  /** The address asked for on the coordinator's NIC; null when it was given by hand. */
  readonly address: string | null;
  /** Where tunnel addresses are from; null without tunnels, and before it is chosen. */
  readonly tunnelRange: string | null;
  /** The newest of those that its zone refused although they looked free. */
  readonly refusedAddresses: readonly string[];
  readonly sites: ReadonlyMap<SiteName, Site>;
  /** When the coordinator's address and CA were first found to be the plan's. */
  readonly trustedAt: string | null;
  /** The coordinator VM whose address, CA and certificate were verified. */
  readonly verifiedVm: number | null;
  readonly keys: ReadonlyMap<string, AdmittedKey>;
  /** By key. */
  readonly tunnelKeys: ReadonlyMap<string, TunnelKey>;
  readonly admissions: EventOf<"admissions-delivered"> | null;
  /** By `conditionKey`; those cleared lately too, for they are counted when they come again. */
  readonly conditions: ReadonlyMap<string, Condition>;
  readonly teardown: {
    readonly askedBy: Person | null;
    readonly because: EventOf<"teardown-asked">["because"];
    readonly askedAt: string;
  } | null;
  /** When the coordinator stops although training sites still run; its owner decided so. */
  readonly stopAnnounced: string | null;
  readonly ended: {
    readonly cause: EventOf<"federation-ended">["cause"];
    readonly by: Person | null;
    readonly at: string;
  } | null;
  /** As many training sites as the request wanted have been up at the same time. */
  readonly readyAt: string | null;
  /** Keys of the newest commands that were accepted: one that comes again changes nothing. */
  readonly commandKeys: readonly string[];
  /** Refusals that were recorded, as `person kind`: each is recorded once. */
  readonly refusals: ReadonlySet<string>;
  /** The newest of what people are told, in order; a projection tells each of them once. */
  readonly timeline: readonly TimelineEntry[];
  readonly seq: number;
}

export const currentProposal = (site: Site): Proposal | null => site.proposals.at(-1) ?? null;

/** The authority whose certificate new plans are bound to. */
export const currentAuthority = ({ authorities }: Pick<Federation, "authorities">): Authority | null =>
  authorities.at(-1) ?? null;

/** The authority that a plan is bound to. */
export const authorityOf = ({ authorities }: Pick<Federation, "authorities">, plan: SitePlan): Authority | null =>
  authorities.find(({ fingerprint }) => fingerprint === plan.caFingerprint) ?? null;

export function coordinatorOf(federation: Federation): Site {
  for (const site of federation.sites.values()) if (site.role === "coordinator") return site;
  throw new Error(`Federation ${federation.id} has no coordinator: its journal does not begin with a request.`);
}

export const trainingSitesOf = (federation: Federation): readonly Site[] =>
  [...federation.sites.values()].filter((site) => site.role === "training");

/** It has published as many keys as a VM is granted; whatever it publishes now is not looked at. */
export const isSpent = ({ refusedKeys }: DeployedVm): boolean => refusedKeys.some(({ code }) => code === "key-changes");

/** The key that the VM publishes now was judged and was not admitted, or is not looked at any more. */
export const isTurnedAway = (vm: DeployedVm): boolean =>
  isSpent(vm) || vm.refusedKeys.some(({ key }) => key === vm.seen.key);

/** The same of its tunnel key. */
export const isTunnelTurnedAway = ({ seen, refusedTunnelKeys }: DeployedVm): boolean =>
  refusedTunnelKeys.some(({ key, code }) => key === seen.tunnelKey || code === "key-changes");

/** The newest question whether the site goes on, while it waits for an answer or for those of others. */
export const openGoOn = (site: Site): GoOn | null => site.goOns.findLast(({ outcome }) => outcome === "open") ?? null;

/** Nothing runs, or is being removed. */
export const isEmpty = (site: Site): boolean => site.deployment === null && site.removals.length === 0;

/** Ended, and nothing is left to be done for it. */
export const isSettled = (federation: Federation): boolean =>
  federation.ended !== null &&
  [...federation.sites.values()].every(isEmpty) &&
  (federation.authorities.length === 0 || federation.authorityDestroyed);

/** By when they were asked for. Such texts sort as they are: asking a language's rules takes far longer. */
export const newestFirst = (one: Requested, other: Requested): number =>
  Number(one.requestedAt < other.requestedAt) - Number(one.requestedAt > other.requestedAt);

type Requested = Pick<Federation, "requestedAt">;
