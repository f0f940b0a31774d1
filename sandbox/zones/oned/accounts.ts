import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { ZoneSeed } from "../seed.ts";
import { Acl } from "./acl.ts";
import { nameFault } from "./names.ts";
import { errorCode, OneError } from "./one-error.ts";

export interface Limits {
  readonly vm: Map<string, number>;
  readonly leases: Map<number, number>;
}

export interface Group {
  readonly id: number;
  readonly name: string;
  readonly quotas: Limits;
}

export interface User {
  readonly id: number;
  readonly name: string;
  readonly password: string;
  /** The first is the primary group. */
  readonly groups: readonly Group[];
  readonly administers: ReadonlySet<number>;
  readonly attributes: ReadonlyMap<string, string>;
  readonly quotas: Limits;
  readonly tokens: Map<string, LoginToken>;
  /** The zone's, which says what this user may beside what objects allow. */
  readonly acl: Acl;
}

export interface LoginToken {
  /** The second at which it ends; -1 for one that does not. */
  readonly end: number;
  /** Who logs in with it acts as a member of this group alone; -1 for all groups. */
  readonly group: number;
}

const MOST_TOKENS = 10;

const ADMINISTRATORS = 0;
const FIRST_GROUP = 100;
/** A fresh installation has three rules. */
const FIRST_RULE = 3;

/** Users and groups of one zone. */
export class Accounts {
  #users: readonly User[];
  #groups: readonly Group[];
  /** In a federation those of the other zones, which have the same users and groups. */
  readonly #followers: Accounts[] = [];
  #master: Accounts | undefined;
  readonly acl: Acl;
  readonly defaultUserQuotas: ReadonlyMap<string, number>;
  readonly defaultGroupQuotas: ReadonlyMap<string, number>;
  readonly #clock: Clock;

  constructor(zoneId: number, seed: ZoneSeed, clock: Clock) {
    this.#clock = clock;
    this.defaultUserQuotas = new Map(Object.entries(seed.defaultUserQuotas));
    this.defaultGroupQuotas = new Map(Object.entries(seed.defaultGroupQuotas));
    const administrators: Group = { id: ADMINISTRATORS, name: "oneadmin", quotas: noLimits() };
    const others = seed.groups.map((group, index) => ({
      id: FIRST_GROUP + index,
      name: group.name,
      quotas: limitsOf(group.quotas),
    }));
    this.#groups = [administrators, ...others];
    this.acl = new Acl(zoneId, FIRST_RULE);
    for (const [index, { mayCreate }] of seed.groups.entries()) this.acl.letCreate(FIRST_GROUP + index, mayCreate);
    this.#users = seed.users.map((user, id) => ({
      id,
      name: user.name,
      password: user.password,
      groups: user.groups.map((name) => this.groupNamed(name)),
      administers: new Set(user.administers.map((name) => this.groupNamed(name).id)),
      attributes: new Map(Object.entries(user.attributes)),
      quotas: limitsOf(user.quotas),
      tokens: new Map(),
      acl: this.acl,
    }));
  }

  /** In a federation whoever may come into the master's zone may come into this one, with the same tokens. */
  follow(master: Accounts): void {
    this.#master = master;
    master.#followers.push(this);
    this.#takeOver(master);
  }

  #takeOver(master: Accounts): void {
    this.#groups = master.groups.map((group) => ({
      ...group,
      quotas: this.#groups.find(({ name }) => name === group.name)?.quotas ?? noLimits(),
    }));
    this.#users = master.users.map((user) => ({
      ...user,
      groups: user.groups.map(({ name }) => this.groupNamed(name)),
      quotas: this.#users.find(({ name }) => name === user.name)?.quotas ?? noLimits(),
      acl: this.acl,
    }));
  }

  get users(): readonly User[] {
    return this.#users;
  }

  get groups(): readonly Group[] {
    return this.#groups;
  }

  /** Without a group a new user is an ordinary member of the first one that is not the administrators'. */
  addUser(name: string, password: string, groups: readonly Group[]): User {
    const writer = this.#writer;
    const same = writer.#users.find((user) => user.name === name);
    const fault = nameFault(name);
    if (fault !== undefined) throw new OneError(errorCode.internal, fault);
    if (same !== undefined) throw new OneError(errorCode.internal, `NAME is already taken by USER ${same.id}.`);
    const [first] = writer.#groups.filter(({ id }) => id !== ADMINISTRATORS);
    const member = groups.length > 0 ? groups : [first ?? writer.groupNamed("oneadmin")];
    const made: User = {
      id: writer.#nextUserId,
      name,
      password,
      groups: member.map((group) => writer.groupNamed(group.name)),
      administers: new Set(),
      attributes: new Map(),
      quotas: noLimits(),
      tokens: new Map(),
      acl: writer.acl,
    };
    writer.#write([...writer.#users, made], writer.#groups);
    return made;
  }

  addGroup(name: string): Group {
    const writer = this.#writer;
    const same = writer.#groups.find((group) => group.name === name);
    const fault = nameFault(name);
    if (fault !== undefined) throw new OneError(errorCode.internal, fault);
    if (same !== undefined) throw new OneError(errorCode.internal, `NAME is already taken by GROUP ${same.id}.`);
    const id = Math.max(FIRST_GROUP - 1, ...writer.#groups.map((group) => group.id)) + 1;
    const made: Group = { id, name, quotas: noLimits() };
    writer.#write(writer.#users, [...writer.#groups, made]);
    return made;
  }

  change(user: User, changes: Partial<Pick<User, "password" | "groups" | "administers">>): void {
    const writer = this.#writer;
    const before = writer.userNamed(user.name);
    const groups = (changes.groups ?? before.groups).map(({ name }) => writer.groupNamed(name));
    writer.#replace(before, { ...before, ...changes, groups });
  }

  /** What was theirs belongs to a number that nobody has. */
  removeUser({ name }: User): void {
    const writer = this.#writer;
    writer.#write(
      writer.#users.filter((user) => user.name !== name),
      writer.#groups,
    );
  }

  get #nextUserId(): number {
    return Math.max(...this.#users.map(({ id }) => id)) + 1;
  }

  get #writer(): Accounts {
    return this.#master ?? this;
  }

  #write(users: readonly User[], groups: readonly Group[]): void {
    this.#users = users;
    this.#groups = groups;
    for (const follower of this.#followers) follower.#takeOver(this);
  }

  /** Deleted and made anew: what was theirs belongs to a number that nobody has. */
  remake({ name }: User): User {
    const writer = this.#writer;
    const before = writer.userNamed(name);
    const made = { ...before, id: writer.#nextUserId, tokens: new Map<string, LoginToken>() };
    writer.#replace(before, made);
    return made;
  }

  /** A secondary membership of the administrators' group, or none any more. */
  promote(user: User, administrator: boolean): void {
    const others = user.groups.filter(({ id }) => id !== ADMINISTRATORS);
    this.change(user, { groups: administrator ? [...others, this.groupNamed("oneadmin")] : others });
  }

  #replace(user: User, other: User): void {
    this.#write(
      this.#users.map((candidate) => (candidate === user ? other : candidate)),
      this.#groups,
    );
  }

  /** `user:password` or `user:token`. Whatever is wrong, the answer is one and the same. */
  authenticate(session: string): User {
    const colon = session.indexOf(":");
    const user = this.users.find(({ name }) => name === session.slice(0, Math.max(colon, 0)));
    const secret = session.slice(colon + 1);
    if (user !== undefined && equal(secret, user.password)) return user;
    const token = user?.tokens.get(secret);
    if (user !== undefined && token !== undefined && (token.end < 0 || token.end > this.#clock.seconds())) {
      return token.group < 0 ? user : { ...user, groups: user.groups.filter(({ id }) => id === token.group) };
    }
    throw new OneError(errorCode.authentication, "User couldn't be authenticated, aborting call.");
  }

  /** `one.user.login`: an empty token with a time makes a new one, 0 seconds revokes it or all, -1 never expires. */
  login(user: User, token: string, seconds: number, group: number): string {
    if (seconds === 0) {
      if (token === "") user.tokens.clear();
      else if (!user.tokens.delete(token)) throw new OneError(errorCode.rpc, `Could not find token: ${token}`);
      return token;
    }
    if (seconds < -1) throw new OneError(errorCode.rpc, "Wrong valid period for token");
    if (group !== -1 && !isAdministrator(user) && user.groups.every(({ id }) => id !== group)) {
      throw new OneError(errorCode.rpc, "EGID is not in user group list");
    }
    this.#dropEnded(user);
    if (user.tokens.size >= MOST_TOKENS) throw new OneError(errorCode.rpc, "Max number of tokens limit reached.");
    const made = token === "" ? randomBytes(32).toString("hex") : token;
    user.tokens.set(made, { end: seconds < 0 ? -1 : this.#clock.seconds() + seconds, group });
    return made;
  }

  /** As when their time is over: they are shown until somebody makes another. */
  endTokens(user: User): void {
    for (const [token, { group }] of user.tokens) user.tokens.set(token, { end: this.#clock.seconds() - 1, group });
  }

  groupNamed(name: string): Group {
    const group = this.groups.find((candidate) => candidate.name === name);
    if (group === undefined) throw new Error(`the seed names a group that it does not define: ${name}`);
    return group;
  }

  userNamed(name: string): User {
    const user = this.users.find((candidate) => candidate.name === name);
    if (user === undefined) throw new Error(`the seed names a user that it does not define: ${name}`);
    return user;
  }

  membersOf(group: Group): User[] {
    return this.users.filter((user) => user.groups.some(({ id }) => id === group.id));
  }

  #dropEnded(user: User): void {
    for (const [token, { end }] of user.tokens) {
      if (end >= 0 && end <= this.#clock.seconds()) user.tokens.delete(token);
    }
  }
}

export function primaryGroup(user: User): Group {
  const [group] = user.groups;
  if (group === undefined) throw new Error(`user ${user.name} has no group`);
  return group;
}

/** A secondary membership of group 0 counts as much as a primary one. */
export function isAdministrator(user: User): boolean {
  return user.groups.some((group) => group.id === ADMINISTRATORS);
}

function equal(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function limitsOf(quotas: ZoneSeed["users"][number]["quotas"]): Limits {
  return {
    vm: new Map(Object.entries(quotas.vm)),
    leases: new Map(Object.entries(quotas.leases).map(([id, limit]) => [Number(id), limit])),
  };
}

function noLimits(): Limits {
  return { vm: new Map(), leases: new Map() };
}
