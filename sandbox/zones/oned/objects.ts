import { element, textElement } from "../xml.ts";
import type { Attributes } from "./attributes.ts";

/** What every object with an owner has. Permissions are octal as `onetemplate chmod` takes them: 640 = owner uses and manages, group uses. */
export interface Owned {
  readonly id: number;
  uid: number;
  gid: number;
  uname: string;
  gname: string;
  name: string;
  permissions: string;
}

export interface VmTemplate extends Owned {
  readonly registered: number;
  attributes: Attributes;
}

/** Of a network that is not there yet. */
export interface NetworkTemplate extends Owned {
  readonly registered: number;
  readonly attributes: Attributes;
}

/** States of an image that matter here; USED is derived from the VMs. */
export type ImageState = "ready" | "disabled" | "locked" | "error";

export interface Image extends Owned {
  registered: number;
  modified: number;
  state: ImageState;
  readonly sizeMb: number;
  readonly type: "OS" | "CDROM" | "DATABLOCK";
  readonly persistent: boolean;
  /** An administrator's lock; it is not the state "locked". */
  lockedBy?: number;
  attributes: Attributes;
}

export interface Lease {
  readonly ip: string;
  /** -1 is an address on hold, or part of a reservation. */
  readonly vmId: number;
  /** The network that has reserved it. */
  readonly networkId?: number;
}

export interface Network extends Owned {
  readonly bridge: string;
  readonly dns: string;
  readonly gateway: string;
  readonly networkAddress: string;
  readonly mask: string;
  readonly firstIp: string;
  readonly size: number;
  /** Of a reservation: the network whose addresses these are. */
  readonly parent?: number;
  /** oned walks round the range instead of taking the lowest free address. */
  nextIndex: number;
  /** By index in the range. */
  readonly leases: Map<number, Lease>;
}

/** OneFlow keeps its things as documents of oned: type 100 services, 101 service templates. */
export interface Document<Body> extends Owned {
  readonly type: 100 | 101;
  body: Body;
}

/** A document of a type that is not OneFlow's: plain attributes. */
export interface OtherDocument extends Owned {
  readonly type: number;
  attributes: Attributes;
}

/** ID, UID, GID, UNAME, GNAME, NAME: how every object begins. */
export function headXml(object: Owned): string {
  return (
    textElement("ID", object.id) +
    textElement("UID", object.uid) +
    textElement("GID", object.gid) +
    textElement("UNAME", object.uname) +
    textElement("GNAME", object.gname) +
    textElement("NAME", object.name)
  );
}

export function permissionsXml(permissions: string): string {
  const bits = permissionBits(permissions);
  return element("PERMISSIONS", ...[...bits].map(([name, bit]) => textElement(name, bit)));
}

/** OWNER_U, OWNER_M, OWNER_A, GROUP_U … as "0" or "1", in oned's order. */
export function permissionBits(permissions: string): Map<string, "0" | "1"> {
  const bits = new Map<string, "0" | "1">();
  for (const [index, who] of ["OWNER", "GROUP", "OTHER"].entries()) {
    const digit = Number(permissions[index] ?? "0");
    bits.set(`${who}_U`, digit & 4 ? "1" : "0");
    bits.set(`${who}_M`, digit & 2 ? "1" : "0");
    bits.set(`${who}_A`, digit & 1 ? "1" : "0");
  }
  return bits;
}
