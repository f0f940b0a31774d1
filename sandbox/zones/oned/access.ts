import { isAdministrator, primaryGroup, type User } from "./accounts.ts";
import type { Owned } from "./objects.ts";
import { errorCode, OneError } from "./one-error.ts";

export type Right = "USE" | "MANAGE" | "ADMIN";
/** The kinds as oned's refusals call them, with the word its "Error getting …" uses. */
const kindWords = {
  VM: "virtual machine",
  TEMPLATE: "virtual machine template",
  IMAGE: "image",
  NET: "virtual network",
  DOCUMENT: "document",
  VNTEMPLATE: "virtual network template",
} as const;
export type Kind = keyof typeof kindWords;

const rightBit: Record<Right, number> = { USE: 4, MANAGE: 2, ADMIN: 1 };

export function may(user: User, right: Right, kind: Kind, object: Owned): boolean {
  if (isAdministrator(user) || user.acl.allows(user, right, kind, object)) return true;
  const [owner = 0, group = 0, other = 0] = [...object.permissions].map(Number);
  const bit = rightBit[right];
  if (object.uid === user.id && owner & bit) return true;
  if (user.groups.some(({ id }) => id === object.gid) && group & bit) return true;
  return (other & bit) !== 0;
}

/** The object if it exists and the user has the right; oned looks for the object first. */
export function granted<Found extends Owned>(
  user: User,
  right: Right,
  kind: Kind,
  id: number,
  pool: { get(id: number): Found | undefined },
): Found {
  const object = pool.get(id);
  if (object === undefined) throw new OneError(errorCode.noSuchObject, `Error getting ${kindWords[kind]} [${id}].`, id);
  if (!may(user, right, kind, object)) throw notAuthorized(user, `${right} ${kind} [${id}]`);
  return object;
}

export function requireCreate(user: User, kind: "VM" | "TEMPLATE" | "DOCUMENT" | "NET" | "VNTEMPLATE"): void {
  if (isAdministrator(user) || user.acl.allows(user, "CREATE", kind)) return;
  throw notAuthorized(user, `CREATE ${kind}`);
}

export function notAuthorized(user: User, what: string): OneError {
  return new OneError(errorCode.authorization, `User [${user.id}] : Not authorized to perform ${what}.`);
}

/** A pool call's filter: -4 primary group, -3 own, -2 all that may be used, -1 own and groups', else one user's. */
export function passesFilter(user: User, filter: number, kind: Kind, object: Owned): boolean {
  switch (filter) {
    case -4:
      return object.gid === primaryGroup(user).id;
    case -3:
      return object.uid === user.id;
    case -2:
      return may(user, "USE", kind, object);
    case -1:
      return object.uid === user.id || user.groups.some(({ id }) => id === object.gid);
    default:
      return object.uid === filter && may(user, "USE", kind, object);
  }
}

export function requireFilter(filter: number): void {
  if (filter < -4) throw new OneError(errorCode.rpc, "Incorrect filter_flag");
}

/** Two numbers say which part of a pool: ids from..to (-1 open), or, with an end below -1, a page of that many from an offset. */
export function range<Member extends { readonly id: number }>(
  members: readonly Member[],
  start: number,
  end: number,
): Member[] {
  if (end < -1) return members.slice(Math.max(start, 0), Math.max(start, 0) - end);
  return members.filter(({ id }) => (start < 0 || id >= start) && (end < 0 || id <= end));
}
