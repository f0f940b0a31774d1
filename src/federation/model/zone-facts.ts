/** What a look at a zone yields, as plain data. Made by the zone's adapter, judged by preflight and observation. */

/** How the zones file names an object of OpenNebula: by number, or by a name that must be unique there. */
export type ObjectRef = number | string;

export interface SurveyQuery {
  readonly template: ObjectRef;
  readonly network: ObjectRef;
}

/** An object that the bot's account cannot use, and why. */
export interface Absent {
  readonly found: false;
  readonly because: "missing" | "forbidden" | "ambiguous";
  readonly asked: ObjectRef;
}

export interface ImageFacts {
  readonly id: number;
  readonly name: string;
  /** REGTIME, seconds; a remade image has a new id and time. */
  readonly registeredAt: number;
  readonly state: "ready" | "used" | "disabled" | "locked" | "error" | "other";
  /** MB */
  readonly size: number;
}

export interface VmTemplateFacts {
  readonly found: true;
  readonly id: number;
  readonly name: string;
  /** SHA-256, hex, over the template's whole content in canonical form (order of names does not matter). */
  readonly contentDigest: string;
  readonly cpu: number;
  readonly vcpu: number;
  /** MB */
  readonly memory: number;
  readonly images: readonly (ImageFacts | Absent)[];
  /** What the template's first NIC says beside its network, carried over when the NIC is replaced. */
  readonly nic: { readonly model?: string; readonly securityGroups?: string };
  /** Names of the template's own CONTEXT entries. */
  readonly contextNames: readonly string[];
}

export interface NetworkFacts {
  readonly found: true;
  readonly id: number;
  readonly name: string;
  /** First and last IPv4 address of each address range. */
  readonly ranges: readonly { readonly first: string; readonly last: string }[];
  readonly leased: readonly string[];
}

/** What quotas leave to the account: the smaller of its own and its group's. `null` is no limit. */
export interface Headroom {
  readonly vms: number | null;
  readonly cpu: number | null;
  /** MB */
  readonly memory: number | null;
  /** Addresses in the network that was asked about. */
  readonly leases: number | null;
}

export interface ZoneSurvey {
  /** OpenNebula's version, such as `7.4.0`. */
  readonly version: string;
  readonly account: {
    readonly id: number;
    readonly name: string;
    /** 0 among GID or GROUPS, or an administrator of its group. Rights given by ACL cannot be seen. */
    readonly administrator: boolean;
  };
  readonly template: VmTemplateFacts | Absent;
  readonly network: NetworkFacts | Absent;
  readonly headroom: Headroom;
}

export type ServiceState =
  | "pending"
  | "deploying"
  | "running"
  | "undeploying"
  | "warning"
  | "done"
  | "failed-undeploying"
  | "failed-deploying"
  | "scaling"
  | "failed-scaling"
  | "cooldown"
  | "hold";

/** A OneFlow service of the bot's account. */
export interface ServiceFacts {
  readonly id: number;
  readonly name: string;
  readonly state: ServiceState;
  /** FL_ATTEMPT of its roles' CONTEXT; absent for a service that is none of ours. */
  readonly attempt?: string;
  readonly vmIds: readonly number[];
  /** The last lines of BODY.log, the only place where quota and network errors of a deployment are told. */
  readonly log: readonly string[];
}

export type VmState =
  | "pending"
  | "hold"
  | "booting"
  | "running"
  | "shutting-down"
  | "powering-off"
  | "unknown"
  | "failed"
  | "stopped"
  | "suspended"
  | "poweroff"
  | "undeployed"
  | "done";

/** A VM of the bot's account, as `infoset` with `extended` shows it. */
export interface VmFacts {
  readonly id: number;
  readonly name: string;
  readonly state: VmState;
  readonly serviceId?: number;
  readonly cpu: number;
  readonly vcpu: number;
  /** MB */
  readonly memory: number;
  readonly nics: readonly { readonly name: string; readonly networkId: number; readonly ip?: string }[];
  readonly imageIds: readonly number[];
  readonly context: Readonly<Record<string, string>>;
  /** USER_TEMPLATE: what the guest and the bot said to each other. Claims, not facts. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Everything of ours in one zone at one moment. */
export interface ZoneSnapshot {
  /** ISO 8601 */
  readonly at: string;
  readonly services: readonly ServiceFacts[];
  readonly vms: readonly VmFacts[];
}

export type ZoneErrorCode =
  | "unreachable"
  | "timeout"
  | "tls"
  | "authentication"
  | "forbidden"
  | "quota"
  | "no-such-object"
  | "wrong-state"
  | "invalid"
  | "zone-disabled"
  | "too-large"
  | "rubbish"
  | "internal";

/**
 * A call to a zone that did not work. `ambiguous`: the zone may have done it all the same (the answer was lost),
 * so whoever creates something looks again before trying anew.
 */
export class ZoneError extends Error {
  override readonly name = "ZoneError";
  readonly code: ZoneErrorCode;
  readonly ambiguous: boolean;

  constructor(code: ZoneErrorCode, message: string, options: { ambiguous?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.ambiguous = options.ambiguous ?? false;
  }
}
