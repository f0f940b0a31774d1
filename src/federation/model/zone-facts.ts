/** What a look at a zone yields, as plain data. Made by the zone's adapter, judged by preflight and observation. */

import type { Reason } from "./events.ts";
import type { Span } from "./ipv4.ts";

/** How the zones file names an object of OpenNebula: by number, or by a name that must be unique there. */
export type ObjectRef = number | string;

export interface SurveyQuery {
  readonly template: ObjectRef;
  readonly network: ObjectRef;
  /** Of the VM that has the tunnel for the others, beside whose card ports are looked for then. */
  readonly gateway?: ObjectRef;
  /** It dials the others, as a coordinator's does the SuperLink; else they dial it. */
  readonly gatewayDials?: boolean;
  /** Which ports to look for that the card's security groups open. */
  readonly opens?: { readonly protocol: "udp" | "tcp"; readonly direction: "inbound" | "outbound" };
  /** An image that is to be a disk of the VMs beside those of the template. */
  readonly dataImage?: number;
  /** VMs are to be made without OneFlow, which is not looked at then. */
  readonly deploy?: "vms";
  /** Milliseconds: an answer of OneFlow's that is no older shows that it is there. It is slow, and is asked otherwise. */
  readonly oneflowSince?: number;
}

/** An object that the bot's account cannot use, and why. */
export interface Absent {
  readonly found: false;
  /** `foreign`: there is one of that name, and it belongs to somebody whom the template does not name. */
  readonly because: "missing" | "forbidden" | "ambiguous" | "foreign";
  readonly asked: ObjectRef;
}

export interface ImageFacts {
  readonly id: number;
  readonly name: string;
  /** REGTIME, seconds; a remade image has a new id and time. */
  readonly registeredAt: number;
  /** One VM at a time can have it. */
  readonly persistent: boolean;
  readonly state: "ready" | "used" | "disabled" | "locked" | "error" | "other";
  /** MB */
  readonly size: number;
}

/** An image that is to be a disk of each VM beside those of the template. */
export interface DataImageFacts extends ImageFacts {
  /** It is of a type that holds a file system. */
  readonly isDisk: boolean;
  /** Persistent, and several VMs at once may have it all the same. */
  readonly isShared: boolean;
}

/** A disk as oned would make it for a VM. */
export interface DiskFacts {
  /** MB */
  readonly size: number;
  /** What its size counts against: the system disk quota, that of a datastore, or none. */
  readonly datastore: "system" | number | null;
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
  readonly disks: readonly DiskFacts[];
  /** What the template's first NIC says beside its network, carried over when the NIC is replaced. */
  readonly nic: { readonly model?: string; readonly securityGroups?: string };
  /** Networks of its further NICs, which go with the first one; as the template names them. */
  readonly otherNics: readonly string[];
  /** Networks of its PCI devices that are NICs: those stay. */
  readonly pciNics: readonly string[];
  /** An alias names the NIC it belongs to, which is replaced: oned refuses it then. */
  readonly hasNicAlias: boolean;
  /** A start script of its own: ours runs in its place. */
  readonly hasStartScript: boolean;
  readonly startsOnHold: boolean;
  /** Names in its CONTEXT. */
  readonly contextNames: readonly string[];
  /** Names in its DISKs. */
  readonly diskNames: readonly string[];
}

export interface NetworkFacts {
  readonly found: true;
  readonly id: number;
  readonly name: string;
  /** First and last IPv4 address of each address range. */
  readonly ranges: readonly { readonly first: string; readonly last: string }[];
  /** Such as 255.255.255.0; null where it says none. */
  readonly mask: string | null;
  /** Of its VMs' cards; null where it says none, and they have what the image gives them. */
  readonly guestMtu: number | null;
  /** How the zone makes it, such as `vxlan`; security groups hold where that is one which applies them. */
  readonly driver: string;
  /** Of every card in it, beside the card's own. */
  readonly securityGroups: readonly number[];
  /** What its VMs take for their router; null where it says none. */
  readonly gateway: string | null;
  /** Those of `ranges` whose cards may send from their own address only (FILTER_IP_SPOOFING, where the driver applies it). */
  readonly filtered: readonly { readonly first: string; readonly last: string }[];
  /** Addresses in use, also by VMs that the bot's account may not see, and those that are held. */
  readonly leased: readonly string[];
  /** Set aside by somebody: no machine of the zone has them. */
  readonly held: readonly string[];
}

/** Ports that follow each other, both ends included. */
export interface PortSpan {
  readonly first: number;
  readonly last: number;
  /** Where a rule is about some addresses only: which, as numbers, or those of one of the zone's networks. */
  readonly target?: Span | "a network";
}

/** What quotas leave to the account: the smaller of its own and its group's. `null` is no limit. */
export interface Headroom {
  readonly vms: number | null;
  readonly cpu: number | null;
  /** MB */
  readonly memory: number | null;
  /** Addresses in the network that was asked about. */
  readonly leases: number | null;
  /** MB of system disks. */
  readonly systemDisk: number | null;
  /** MB by datastore, where there is a limit. */
  readonly datastores: ReadonlyMap<number, number>;
  /** VMs that may use an image at once, by image, where there is a limit. */
  readonly imageVms: ReadonlyMap<number, number>;
}

/** What the zone's configuration says of every VM. */
export interface ZoneRules {
  /** Attributes that an ordinary user may not set, such as `NIC/MAC`, `PCI` or `CONTEXT/FILES`. */
  readonly restricted: readonly string[];
  readonly startsOnHold: boolean;
}

/** The account that a zone takes the bot for. */
export interface AccountFacts {
  readonly id: number;
  readonly name: string;
  /** 0 among GID or GROUPS, or an administrator of its group. Rights given by ACL cannot be seen. */
  readonly administrator: boolean;
}

export interface ZoneSurvey {
  /** OpenNebula's version, such as `7.4.0`. */
  readonly version: string;
  readonly account: AccountFacts;
  readonly template: VmTemplateFacts | Absent;
  /** Of the VM that is to have the tunnel for the others; null where there is to be none. */
  readonly gateway: VmTemplateFacts | Absent | null;
  readonly network: NetworkFacts | Absent;
  readonly headroom: Headroom;
  /** null where nobody asked. */
  readonly data: DataImageFacts | Absent | null;
  /** What the card's security groups let in; null: nobody asked, nothing filters, or the account is not told. */
  readonly openPorts: readonly PortSpan[] | null;
  /** Between a gateway and the others: what TCP groups let out at the card of who dials, likewise. */
  readonly gatewayWays: readonly PortSpan[] | null;
  /** And what they let in at the card of who is dialled. */
  readonly gatewayDoors: readonly PortSpan[] | null;
  /** null: the account is not told. */
  readonly rules: ZoneRules | null;
  /** An administrator has disabled it: it can be looked at, and changes nothing. */
  readonly disabled: boolean;
}

/** A look at a zone with what would be used there, or why there was none. */
export type SurveyResult =
  | { readonly ok: true; readonly survey: ZoneSurvey }
  | { readonly ok: false; readonly reason: Reason };

export type ServiceState =
  | "pending"
  /** Preparing its networks: it has no VM yet. */
  | "deploying-nets"
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
  /** The last lines of BODY.log, whatever they say. */
  readonly log: readonly string[];
  /** The last of its lines of severity E, oldest first: the only place where the reason of a failed deployment is told. */
  readonly errors: readonly string[];
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
  /** The entries of CONTEXT that the guest protocol names. */
  readonly context: Readonly<Record<string, string>>;
  /**
   * What the guest and the bot said to each other: the protocol's names of USER_TEMPLATE. Claims, not facts.
   * A value longer than any the protocol has reads `UNREADABLE_VALUE`.
   */
  readonly attributes: Readonly<Record<string, string>>;
  /** The scheduler's own words for why no host has taken the VM, while it is pending. */
  readonly schedMessage?: string;
  /** USER_TEMPLATE/ERROR: what OpenNebula could not do with the VM last. It stays when the VM is well again. */
  readonly error?: string;
}

/** Stands for an attribute that is there and cannot be read: no decoder takes it for a value. */
export const UNREADABLE_VALUE = "?";

/** Something of the account that is there and could not be read: nothing may be concluded from its absence. */
export interface Unreadable {
  readonly kind: "vm" | "service";
  /** null: not even that could be read; it may be any that is missing. */
  readonly id: number | null;
  readonly why: string;
}

/** Everything of ours in one zone at one moment. */
export interface ZoneSnapshot {
  /** ISO 8601 */
  readonly at: string;
  /** Whose VMs and services these are, as the zone said lately: another account sees others. */
  readonly account: AccountFacts;
  readonly services: readonly ServiceFacts[];
  /** When they were read, which may be some looks ago. ISO 8601 */
  readonly servicesAt: string;
  readonly vms: readonly VmFacts[];
  readonly unreadable: readonly Unreadable[];
}

/** `done`: the zone says that the VM has ended. `unproven`: the account is told nothing of such a VM, which proves nothing. */
export type VmProof = "done" | "present" | "unproven";

/** `gone`: the zone has no such service. `unproven`: there is something that the account may not see, or that cannot be read. */
export type ServiceProof = ServiceFacts | "gone" | "unproven";

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
  /** Something answered in the zone's place, or half of an answer came: it says nothing about what was asked. */
  | "rubbish"
  /** The zone's own answer, and what it tells cannot be read. */
  | "unreadable"
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
