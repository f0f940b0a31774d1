/** What the rooms need of each other: small ports, written once, which adapters fit without knowing who calls. */

import type { Host } from "../guest-protocol/address.ts";
import type { ProofSubject } from "../guest-protocol/node-proof.ts";
import type { Decision } from "./model/decision.ts";
import type { Adjustment, FederationEvent, Reason } from "./model/events.ts";
import type { CardId, FederationId, Person, ZoneName } from "./model/identity.ts";
import type { Manifests } from "./model/manifests.ts";
import type { DecisionContext, Policy, ZoneProfile } from "./model/policy.ts";
import type { ReasonCode } from "./model/reasons.ts";
import type { Federation } from "./model/state.ts";
import type { SurveyQuery, ZoneSnapshot, ZoneSurvey } from "./model/zone-facts.ts";
import type { ServiceOrder } from "./proposing/manifest.ts";
import type { Request } from "./proposing/request.ts";

export interface InstantiateRequest {
  readonly name: string;
  /** Must hold every input that the template declares, optional ones too. */
  readonly userInputs: Readonly<Record<string, string>>;
  readonly role: {
    readonly name: string;
    readonly cardinality: number;
    readonly context: Readonly<Record<string, string>>;
    readonly nics: readonly ServiceOrder["nic"][];
  };
}

export interface ServiceTemplateFacts {
  readonly id: number;
  readonly name: string;
  /** TEMPLATE.BODY without what OneFlow adds (registration time), as plain data. */
  readonly body: unknown;
}

/** One zone's OpenNebula. Every call throws `ZoneError` and ends within its deadline. */
export interface Zone {
  /** Read-only look before anybody is asked and before anything is created. */
  survey(query: SurveyQuery): Promise<ZoneSurvey>;
  /** Service templates of the bot's account with that name. */
  serviceTemplates(name: string): Promise<readonly ServiceTemplateFacts[]>;
  /** Creates; never repeated blindly. */
  registerServiceTemplate(body: object): Promise<number>;
  /** Creates; never repeated blindly. An ambiguous failure may still bring the service later. */
  instantiate(serviceTemplateId: number, request: InstantiateRequest): Promise<number>;
  /** Everything of the bot's account in this zone now, not from a poll. */
  snapshot(): Promise<ZoneSnapshot>;
  /** Asks OneFlow to end a service from whatever state it is in. Fine if it is gone already. */
  removeService(serviceId: number): Promise<void>;
  /** Fine if it is done already. */
  terminateVm(vmId: number): Promise<void>;
  /** Appends attributes to a VM's USER_TEMPLATE. */
  publish(vmId: number, attributes: Readonly<Record<string, string>>): Promise<void>;
}

/** A named point, and what it is about, at which a test may end the process. The shipped program passes one that does nothing. */
export type Checkpoint = (point: string, detail: string) => void | Promise<void>;

/** A federation's journal, as durable events. */
export interface EventLog {
  ids(): readonly string[];
  read(id: string): readonly RecordedEvent[];
  /** Durable when it returns; on an error nothing has changed. */
  append(id: string, at: string, events: readonly FederationEvent[]): Promise<readonly RecordedEvent[]>;
}

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
    readonly required: Host;
    readonly now: string;
    readonly life: number;
  }): Promise<Signing>;
  destroy(federationId: string): Promise<void>;
  /** Whether a published key was proven to be held by that VM. */
  checkNodeProof(
    nodeKey: string,
    nodeProof: string,
    subject: ProofSubject,
  ): { readonly ok: true } | { readonly ok: false; readonly reason: "key-malformed" | "key-proof" };
}

/** Says to one zone's poller that something is awaited there. */
export interface PollHints {
  /** Milliseconds since 1970; null: no longer. */
  expect(key: string, since: number | null): void;
  /** Look soon: something was done in the zone. */
  pollSoon(): void;
}

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The living and the ended federations, and the only way to change one. */
export interface Federations {
  all(): readonly Federation[];
  get(id: FederationId): Federation | undefined;
  /** Decides on the newest state and journals what follows; decisions on one federation never overlap. */
  update(id: FederationId, decide: (federation: Federation, context: DecisionContext) => Decision): Promise<Decision>;
  /** Journals a new federation if its name is still free. */
  create(request: Request): Promise<Decision>;
  /** Called after each change, with the newest state. */
  onChange(listener: (federation: Federation) => void): void;
  /** What decisions about this federation may look at. */
  decisionContext(id: FederationId): DecisionContext;
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
  adjust(input: {
    readonly federation: FederationId;
    readonly card: CardId;
    readonly by: Person;
    readonly decision: string;
    readonly adjustment: Adjustment;
  }): Promise<Decision | { readonly ok: false; readonly problems: readonly Reason[] }>;
  /** After an approval: sees whether the address that was picked is still free. */
  recheckAddress(federation: FederationId): void;
}

export interface Configuration {
  readonly policy: Policy;
  readonly zones: ReadonlyMap<ZoneName, ZoneProfile>;
  /** What zones are given: shown to an owner who wants to see it before deciding. */
  readonly manifests: Manifests;
}
