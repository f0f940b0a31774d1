import type { User } from "./accounts.ts";
import type { Owned } from "./objects.ts";
import { errorCode, OneError } from "./one-error.ts";

/** oned's numbers: a kind's bit in a rule's resource, whose lower half says which of them. */
const kindBits = {
  VM: 0x1000000000n,
  HOST: 0x2000000000n,
  NET: 0x4000000000n,
  IMAGE: 0x8000000000n,
  USER: 0x10000000000n,
  TEMPLATE: 0x20000000000n,
  GROUP: 0x40000000000n,
  ACL: 0x80000000000n,
  DATASTORE: 0x100000000000n,
  CLUSTER: 0x200000000000n,
  DOCUMENT: 0x400000000000n,
  ZONE: 0x800000000000n,
  SECGROUP: 0x1000000000000n,
  VDC: 0x2000000000000n,
  VROUTER: 0x4000000000000n,
  MARKETPLACE: 0x8000000000000n,
  MARKETPLACEAPP: 0x10000000000000n,
  VMGROUP: 0x20000000000000n,
  VNTEMPLATE: 0x40000000000000n,
  BACKUPJOB: 0x100000000000000n,
} as const;
export type AclKind = keyof typeof kindBits;

const rightBits = { USE: 1n, MANAGE: 2n, ADMIN: 4n, CREATE: 8n } as const;
export type AclRight = keyof typeof rightBits;

const ONE = 0x100000000n;
const OF_GROUP = 0x200000000n;
const ALL = 0x400000000n;
const NUMBER = 0xffffffffn;

/** Who, on what, which rights, in which zone: numbers as oned writes them, in hexadecimal digits. */
interface Parts {
  readonly user: bigint;
  readonly resource: bigint;
  readonly rights: bigint;
  readonly zone: bigint;
}

export interface AclRule extends Parts {
  readonly id: number;
}

/** The rights that are given beside an object's own permissions. */
export class Acl {
  readonly #zoneId: number;
  readonly #rules: AclRule[] = [];
  #next = 0;

  /** A fresh installation has rules of its own, which take the first numbers. */
  constructor(zoneId: number, firstId: number) {
    this.#zoneId = zoneId;
    this.#next = firstId;
  }

  get rules(): readonly AclRule[] {
    return this.#rules;
  }

  /** What `onegroup create` gives a group. */
  letCreate(groupId: number, kinds: readonly AclKind[]): void {
    if (kinds.length === 0) return;
    const resource = kinds.reduce((sum, kind) => sum | kindBits[kind], ALL);
    this.#keep({ user: OF_GROUP | BigInt(groupId), resource, rights: rightBits.CREATE, zone: ALL });
  }

  /** `one.acl.addrule`; the same rule twice is refused. */
  add(user: string, resource: string, rights: string, zone: string): number {
    const rule: Parts = {
      user: numberOf(user, "user"),
      resource: numberOf(resource, "resource"),
      rights: numberOf(rights, "rights"),
      zone: zone === "" ? ALL : numberOf(zone, "zone"),
    };
    const same = this.#rules.find((other) => textOf(other) === textOf(rule));
    if (same !== undefined) {
      throw new OneError(errorCode.internal, `Rule ${textOf(rule)} already exists with ID ${same.id}`);
    }
    return this.#keep(rule);
  }

  remove(id: number): void {
    const index = this.#rules.findIndex((rule) => rule.id === id);
    if (index < 0) throw new OneError(errorCode.internal, `Rule ${id} does not exist`);
    this.#rules.splice(index, 1);
  }

  /** `object` is absent where something is to be made. */
  allows(user: User, right: AclRight, kind: AclKind, object?: Pick<Owned, "id" | "gid">): boolean {
    return this.#rules.some(
      (rule) =>
        (rule.rights & rightBits[right]) !== 0n &&
        (rule.resource & kindBits[kind]) !== 0n &&
        (has(rule.zone, ALL) || (has(rule.zone, ONE) && isNumber(rule.zone, this.#zoneId))) &&
        isAbout(rule, user) &&
        (object === undefined ? has(rule.resource, ALL) : covers(rule, object)),
    );
  }

  #keep(parts: Parts): number {
    const id = this.#next;
    this.#next += 1;
    this.#rules.push({ id, ...parts });
    return id;
  }
}

const has = (value: bigint, flag: bigint): boolean => (value & flag) !== 0n;
const isNumber = (value: bigint, id: number): boolean => (value & NUMBER) === BigInt(id);

const isAbout = ({ user }: Parts, { id, groups }: User): boolean =>
  has(user, ALL) ||
  (has(user, ONE) && isNumber(user, id)) ||
  (has(user, OF_GROUP) && groups.some((group) => isNumber(user, group.id)));

const covers = ({ resource }: Parts, { id, gid }: Pick<Owned, "id" | "gid">): boolean =>
  has(resource, ALL) ||
  (has(resource, ONE) && isNumber(resource, id)) ||
  (has(resource, OF_GROUP) && isNumber(resource, gid));

function numberOf(hex: string, what: string): bigint {
  if (/^[0-9a-f]{1,16}$/i.test(hex)) return BigInt(`0x${hex}`);
  throw new OneError(errorCode.internal, `Malformed rule: the ${what} is no hexadecimal number`);
}

/** As `oneacl list` writes it: `@100 VM+DOCUMENT/* CREATE *`. */
export function textOf({ user, resource, rights, zone }: Parts): string {
  const named = (bits: Readonly<Record<string, bigint>>, value: bigint): string =>
    Object.entries(bits)
      .flatMap(([name, bit]) => (has(value, bit) ? [name] : []))
      .join("+");
  return `${whose(user)} ${named(kindBits, resource)}/${whose(resource)} ${named(rightBits, rights)} ${whose(zone)}`;
}

function whose(value: bigint): string {
  if (has(value, ALL)) return "*";
  return `${has(value, OF_GROUP) ? "@" : "#"}${value & NUMBER}`;
}
