/** What carrying out a plan needs of the world: small ports, which the adapters fit without knowing of them. */
import type { FederationEvent } from "../federation/events.ts";
import type { ServiceOrder } from "../federation/manifest.ts";
import type { ReasonCode } from "../federation/reasons.ts";
import type { SurveyQuery, ZoneSnapshot, ZoneSurvey } from "../federation/zone-facts.ts";
import type { Host } from "../guest-protocol/address.ts";
import type { ProofSubject } from "../guest-protocol/node-proof.ts";

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
export interface Attention {
  /** Milliseconds since 1970; null: no longer. */
  await(key: string, since: number | null): void;
  /** Look soon: something was done in the zone. */
  nudge(): void;
}

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
