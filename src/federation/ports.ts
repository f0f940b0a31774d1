/** What the rooms need of each other: small ports, written once, which adapters fit without knowing who calls. */

import type { Host } from "../guest-protocol/address.ts";
import type { ProofSubject } from "../guest-protocol/node-proof.ts";
import type { ChainMistake } from "./model/chain-mistakes.ts";
import type { Adjust } from "./model/commands.ts";
import type { Decision } from "./model/decision.ts";
import type { FederationEvent, Reason } from "./model/events.ts";
import type { ChannelId, FederationId, Person, SiteName, Slug, ZoneName } from "./model/identity.ts";
import type { ManifestLibrary } from "./model/manifests.ts";
import type { DecisionContext, Policy, SiteProfile } from "./model/policy.ts";
import type { ReasonCode } from "./model/reasons.ts";
import type { RebootAction, RebootAnswer } from "./model/reboot-words.ts";
import type { Federation } from "./model/state.ts";
import type { ServiceProof, SurveyQuery, VmProof, ZoneSnapshot, ZoneSurvey } from "./model/zone-facts.ts";
import type { PoolZone } from "./model/zone-pool.ts";
import type { TunnelState } from "./observing/tunnels.ts";
import type { Unusable } from "./proposing/adjustment.ts";
import type { DiskOrder, NicOrder, VmOrder } from "./proposing/manifest.ts";
import type { Request } from "./proposing/request.ts";

/** Disks that VMs have beside those of their VM template, and the digest of what that says as it was approved. */
export interface AddedDisks {
  readonly template: { readonly id: number; readonly contentDigest: string };
  readonly disks: readonly DiskOrder[];
}

export interface InstantiateRequest {
  readonly name: string;
  /** Must hold every input that the template declares, optional ones too. */
  readonly userInputs: Readonly<Record<string, string>>;
  readonly roles: readonly RoleRequest[];
}

export interface RoleRequest {
  readonly name: string;
  readonly cardinality: number;
  readonly context: Readonly<Record<string, string>>;
  readonly nics: readonly NicOrder[];
  readonly added?: AddedDisks;
}

export interface ServiceTemplateFacts {
  readonly id: number;
  readonly name: string;
  /** TEMPLATE.BODY without what OneFlow adds (registration time), as plain data. */
  readonly body: unknown;
}

/** One zone's OpenNebula; one without OneFlow refuses what only that can do. Every call throws `ZoneError` and ends within its deadline. */
export interface Zone {
  /** Read-only look before anybody is asked and before anything is created. */
  survey(query: SurveyQuery): Promise<ZoneSurvey>;
  /** Service templates of the bot's account with that name. */
  serviceTemplates(name: string): Promise<readonly ServiceTemplateFacts[]>;
  /** Creates; never repeated blindly. */
  registerServiceTemplate(body: object): Promise<number>;
  /**
   * Creates; never repeated blindly. An ambiguous failure may still bring the service later. With a disk it is refused
   * where the VM template is not what was approved.
   */
  instantiate(serviceTemplateId: number, request: InstantiateRequest): Promise<number>;
  /**
   * Creates one VM that no service holds; never repeated blindly. An ambiguous failure may still bring it later. Refused
   * where the template is not what was approved.
   */
  createVm(order: VmOrder): Promise<number>;
  /** Everything of the bot's account in this zone now, not from a poll. */
  snapshot(): Promise<ZoneSnapshot>;
  /** Asks the zone about one VM: the only proof that it has ended. */
  vmState(vmId: number): Promise<VmProof>;
  /** Asks the zone about one service, without a look at all of them. It proves nothing about VMs. */
  service(serviceId: number): Promise<ServiceProof>;
  /** Asks OneFlow to end a service from whatever state it is in. Fine if it is gone already. */
  removeService(serviceId: number): Promise<void>;
  /** Fine if it is done already. */
  terminateVm(vmId: number): Promise<void>;
  /**
   * Reboots a VM, or switches it on. Asked of one in a state that cannot take it, that is an answer. It may be repeated:
   * a VM that is coming up has taken it.
   */
  reboot(vmId: number, action: RebootAction): Promise<RebootAnswer>;
  /** Appends attributes to a VM's USER_TEMPLATE. */
  publish(vmId: number, attributes: Readonly<Record<string, string>>): Promise<void>;
}

/** A named point, and what it is about, at which a test may end the process. The shipped program passes one that does nothing. */
export type Checkpoint = (point: string, detail: string) => void | Promise<void>;

export interface RecordedEvent {
  readonly seq: number;
  readonly at: string;
  readonly event: FederationEvent;
}

export interface AuthorityFacts {
  readonly certificatePem: string;
  /** SHA-256 of the DER: 32 upper-case pairs joined by `:`. */
  readonly fingerprint: string;
  readonly expiresAt: string;
}

export type Signing =
  | { readonly ok: true; readonly certificate: AuthorityFacts & { readonly serial: string } }
  | { readonly ok: false; readonly code: ReasonCode; readonly detail: string };

/** A certificate that an organisation issued, or the first mistake in what was given. */
export type CheckedCertificate =
  | { readonly ok: true; readonly certificate: AuthorityFacts & { readonly serial: string } }
  | { readonly ok: false; readonly mistake: ChainMistake; readonly detail: string };

/** Certificates and proofs. Keys never leave it. */
export interface Trust {
  /** The federation's authority, made if there is none yet; the same one when asked again. */
  ensureAuthority(request: {
    readonly federationId: string;
    readonly commonName: string;
    readonly now: string;
    /** Milliseconds. */
    readonly life: number;
    readonly dnsNames: readonly string[];
  }): Promise<AuthorityFacts>;
  sign(request: {
    readonly federationId: string;
    readonly csrPem: string;
    readonly allowed: readonly Host[];
    readonly required: readonly Host[];
    readonly now: string;
    readonly life: number;
  }): Promise<Signing>;
  /** Whether a request may be signed at all. */
  checkRequest(request: {
    readonly csrPem: string;
    readonly allowed: readonly Host[];
    readonly required: readonly Host[];
  }): { readonly ok: true } | { readonly ok: false; readonly code: ReasonCode; readonly detail: string };
  /** The certificate of an organisation's CA, out of whatever text was given. */
  checkAuthority(text: string, now: string): CheckedCertificate;
  /** What that CA issued for the request. */
  checkChain(
    text: string,
    rules: {
      /** PEM. */
      readonly authority: string;
      readonly request: string;
      readonly required: readonly Host[];
      readonly now: string;
    },
  ): CheckedCertificate;
  destroy(federationId: string): Promise<void>;
  /** Whether a published key was proven to be held by that VM. */
  checkNodeProof(
    nodeKey: string,
    nodeProof: string,
    subject: ProofSubject,
  ): { readonly ok: true } | { readonly ok: false; readonly reason: "key-malformed" | "key-proof" };
}

/** Something that is awaited in a zone. */
export interface Awaited {
  /** Tells it from what was awaited under the same key before, such as the moment when it began. */
  readonly what: string;
  /** Milliseconds that it has been awaited when it is first said; the poller counts on from there by a clock of its own. */
  readonly forMs: number;
  /** It stays as urgent as that: the poller does not count on. */
  readonly steady?: true;
}

/** Says to one zone's poller that something is awaited there. */
export interface PollHints {
  /** Saying the same again changes nothing; null: no longer. */
  expect(key: string, awaited: Awaited | null): void;
  /** Look at once, or as soon as the pace allows: something was done in the zone. */
  pollSoon(): void;
}

/** Looks at a zone that failed, one after the other. */
export interface LookFailure {
  readonly error: unknown;
  /** `zone`: it could not be looked at. `conclusion`: it was looked at, but what was seen could not be taken in. */
  readonly of: "zone" | "conclusion";
  /** How many in a row, this one included. */
  readonly failures: number;
  /** ISO 8601: when the first of them began. */
  readonly since: string;
}

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What is known of every federation, also of those that are on disk only. */
export interface FederationSummary {
  readonly id: FederationId;
  readonly name: Slug;
  readonly homeChannel: ChannelId;
  readonly zones: readonly ZoneName[];
  readonly requester: Person;
  readonly requestedAt: string;
  readonly endedAt: string | null;
}

/** `before` is null when the federation has just been requested. */
export type ChangeListener = (after: Federation, before: Federation | null, recorded: readonly RecordedEvent[]) => void;

/**
 * The federations, and the only way to change one. Those with which something can still happen are in memory; settled
 * ones are on disk and can be read.
 */
export interface Federations {
  /** Those in memory. */
  living(): Iterable<Federation>;
  /** Of those in memory, the ones with a site in the zone. */
  inZone(zone: ZoneName): Iterable<Federation>;
  /** One of those in memory. */
  get(id: FederationId): Federation | undefined;
  /** A settled one too, read from disk; undefined when it is unknown or its records cannot be read. */
  load(id: FederationId): Promise<Federation | undefined>;
  /** There is one, and its records on disk cannot be read: nothing can be said or done about it. */
  isUnreadable(id: FederationId): boolean;
  /** Settled ones of which people may not have been told everything yet: each until `markTold`. */
  untold(): readonly FederationId[];
  /** Everything about a settled one stands in Slack: a later start need not look at it again. */
  markTold(id: FederationId): void;
  /** Of all, settled ones too. */
  summaries(): Iterable<FederationSummary>;
  /** Those that have or had the name: one that has not ended first, then the newest. */
  named(name: string): readonly FederationSummary[];
  /** Everything that ever happened to it, read and checked from disk; empty for an unknown one. Rejects when it cannot be read. */
  history(id: FederationId): Promise<readonly RecordedEvent[]>;
  /** Decides on the newest state and journals what follows; decisions on one federation never overlap. */
  update(id: FederationId, decide: (federation: Federation, context: DecisionContext) => Decision): Promise<Decision>;
  /** Journals a new federation if its name is still free. The same request again changes nothing. */
  create(request: Request): Promise<Decision>;
  /** Called after each change, in order. A listener that throws is logged and disturbs nobody. */
  onChange(listener: ChangeListener): void;
  /** What decisions about this federation may look at. */
  decisionContext(id: FederationId): DecisionContext;
}

/** A channel goes by the id it was first known by, and Slack by its newest. */
export interface ChannelIds {
  first(channel: ChannelId): ChannelId;
  newest(channel: ChannelId): ChannelId;
  /** In force at once; durable when it returns. */
  change(from: ChannelId, to: ChannelId): Promise<void>;
}

/** What a zone pool listed, and where each zone of the zones file was reached. */
export interface KnownZonePool {
  readonly zones: readonly PoolZone[];
  readonly addresses: ReadonlyMap<ZoneName, string>;
}

export interface ZonePoolFile {
  /** What was kept last before it was opened; null: nothing. */
  readonly known: KnownZonePool | null;
  /** Replaces what is kept, where it is another. */
  keep(known: KnownZonePool): Promise<void>;
}

/** Where a message of a federation stands in Slack. */
export interface Receipt {
  readonly channel: ChannelId;
  readonly ts: string;
  /** Hash of what it shows. */
  readonly content: string;
  /** Id of an uploaded file. */
  readonly file?: string;
}

/** A message that is not tried again for now. */
export interface GivenUp {
  readonly channel: ChannelId;
  readonly because: string;
  /** Hash of what it was to show. */
  readonly content: string;
}

/** By the messages' keys. One that stands and could not be rewritten is in both. */
export interface ReceiptBook {
  readonly posted: ReadonlyMap<string, Receipt>;
  readonly givenUp: ReadonlyMap<string, GivenUp>;
}

/** What stands where in Slack. It wakes nobody: it is no part of what a federation is. */
export interface Receipts {
  /** Empty when there is none. A book that is damaged is set aside and told to the operator. */
  read(federation: FederationId): Promise<ReceiptBook>;
  /** Durable when it returns. A receipt ends what was given up under its key; giving up leaves the receipt. */
  record(federation: FederationId, key: string, entry: Receipt | GivenUp): Promise<void>;
  /** Forgets all that is known under these keys; durable when it returns. */
  drop(federation: FederationId, keys: readonly string[]): Promise<void>;
}

export interface ZoneCheck {
  readonly zone: ZoneName;
  /** OpenNebula's version when it answered. */
  readonly version: string | null;
  readonly problems: readonly Reason[];
}

export interface ZoneChecks {
  /** A fresh read-only look at every zone, each with what is missing for the roles it offers. */
  checkAll(): Promise<readonly ZoneCheck[]>;
  /** Looks at the zone with the owner's choices and makes the adjusted version and its approval one decision. */
  adjust(command: Omit<Adjust, "survey"> & { readonly federation: FederationId }): Promise<Decision | Unusable>;
  /** After an approval: sees whether the address that was picked is still free. */
  recheckAddress(federation: FederationId): void;
}

/** Certificates that people bring. */
export interface Certificates {
  /** What is given is the CA or a chain, whichever is waited for; the sentence says what is wrong with it. */
  give(given: {
    readonly federation: FederationId;
    readonly by: Person;
    readonly key: string;
    readonly text: string;
  }): Promise<Decision | { readonly ok: false; readonly mistake: string }>;
}

/** How a federation's tunnels do now, as the newest looks show it. */
export type TunnelStates = (federation: Federation) => readonly TunnelState[];

export interface Configuration {
  readonly policy: Policy;
  readonly sites: ReadonlyMap<SiteName, SiteProfile>;
  /** What zones are given: shown to an owner who wants to see it before deciding. */
  readonly manifests: ManifestLibrary;
}
