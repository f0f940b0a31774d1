import { granted, type Kind, notAuthorized } from "../oned/access.ts";
import { isAdministrator, type User } from "../oned/accounts.ts";
import { nameFault } from "../oned/names.ts";
import { type Owned, permissionBits } from "../oned/objects.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import type { Zone } from "../oned/zone.ts";
import type { Method } from "./method.ts";

interface Kindred {
  /** As in `one.vm.rename`. */
  readonly word: string;
  readonly kind: Kind;
  /** Where two of one owner may not bear the same name: what the refusal calls them. */
  readonly unique?: string;
  readonly find: (zone: Zone, id: number) => Owned | undefined;
  readonly all: (zone: Zone) => readonly Owned[];
}

const kinds: readonly Kindred[] = [
  { word: "vm", kind: "VM", find: ({ vms }, id) => vms.get(id), all: ({ vms }) => vms.newestFirst() },
  {
    word: "template",
    kind: "TEMPLATE",
    unique: "virtual machine template",
    find: ({ templates }, id) => templates.get(id),
    all: ({ templates }) => templates.newestFirst(),
  },
  {
    word: "image",
    kind: "IMAGE",
    unique: "image",
    find: ({ images }, id) => images.get(id),
    all: ({ images }) => images.newestFirst(),
  },
  {
    word: "vn",
    kind: "NET",
    unique: "virtual network",
    find: ({ networks }, id) => networks.get(id),
    all: ({ networks }) => networks.newestFirst(),
  },
  {
    word: "document",
    kind: "DOCUMENT",
    find: ({ documents, otherDocuments }, id) => documents.get(id) ?? otherDocuments.get(id),
    all: () => [],
  },
];

/** What every object with an owner can: another name, other permissions, another owner or group. */
export const objectMethods: Readonly<Record<string, Method>> = Object.fromEntries(
  kinds.flatMap((kind) => [
    [`one.${kind.word}.rename`, renaming(kind)],
    [`one.${kind.word}.chmod`, permitting(kind)],
    [`one.${kind.word}.chown`, owning(kind)],
  ]),
);

function renaming({ kind, unique, find, all }: Kindred): Method {
  return ({ zone, user }, parameters) => {
    const id = parameters.integer();
    const name = parameters.string();
    parameters.end();
    const object = granted(user, "MANAGE", kind, id, { get: (wanted) => find(zone, wanted) });
    if (object.name === name) return id;
    const fault = nameFault(name);
    if (fault !== undefined) throw new OneError(errorCode.action, fault);
    const namesake = all(zone).find((other) => other.name === name && other.uid === object.uid);
    if (unique !== undefined && namesake !== undefined) {
      const what = `${unique} cannot be renamed to ${name} because it collides with ${unique} ${namesake.id}`;
      throw new OneError(errorCode.action, what);
    }
    object.name = name;
    return id;
  };
}

/** Another owner, another group; -1 leaves it as it is. */
function owning({ kind, find }: Kindred): Method {
  return ({ zone, user }, parameters) => {
    const [id, uid, gid] = [parameters.integer(), parameters.integer(), parameters.integer()];
    parameters.end();
    const object = granted(user, uid >= 0 ? "ADMIN" : "MANAGE", kind, id, { get: (wanted) => find(zone, wanted) });
    if (!isAdministrator(user)) refuseGiving(user, uid, gid);
    const owner = named(zone.accounts.users, uid, "user");
    const group = named(zone.accounts.groups, gid, "group");
    if (owner !== undefined) [object.uid, object.uname] = [owner.id, owner.name];
    if (group !== undefined) [object.gid, object.gname] = [group.id, group.name];
    return id;
  };
}

/** A plain user gives to nobody, and to groups of their own only. */
function refuseGiving(user: User, uid: number, gid: number): void {
  if (uid >= 0) throw notAuthorized(user, `MANAGE USER [${uid}]`);
  if (!user.groups.some(({ id }) => id === gid)) throw notAuthorized(user, `MANAGE GROUP [${gid}]`);
}

function named<One extends { readonly id: number }>(all: readonly One[], id: number, what: string): One | undefined {
  if (id < 0) return undefined;
  const found = all.find((one) => one.id === id);
  if (found === undefined) throw new OneError(errorCode.noSuchObject, `Error getting ${what} [${id}].`, id);
  return found;
}

/** Nine bits, -1 leaves one as it is; those for administration want the right to administer. */
function permitting({ kind, find }: Kindred): Method {
  return ({ zone, user }, parameters) => {
    const id = parameters.integer();
    const wanted = Array.from({ length: 9 }, () => parameters.integer());
    parameters.optionalBoolean();
    parameters.end();
    const administers = wanted.some((bit, index) => index % 3 === 2 && bit >= 0);
    const pool = { get: (of: number) => find(zone, of) };
    const object = granted(user, administers ? "ADMIN" : "MANAGE", kind, id, pool);
    if (wanted.some((bit) => bit < -1 || bit > 1)) {
      throw new OneError(errorCode.rpc, "New permissions must be -1, 0 or 1");
    }
    const now = [...permissionBits(object.permissions).values()].map(Number);
    const bits = wanted.map((bit, index) => (bit < 0 ? (now[index] ?? 0) : bit));
    object.permissions = [0, 3, 6]
      .map((at) => (bits[at] ?? 0) * 4 + (bits[at + 1] ?? 0) * 2 + (bits[at + 2] ?? 0))
      .join("");
    return id;
  };
}
