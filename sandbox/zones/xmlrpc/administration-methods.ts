import { notAuthorized } from "../oned/access.ts";
import { type Accounts, type Group, isAdministrator, primaryGroup, type User } from "../oned/accounts.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import type { Zone } from "../oned/zone.ts";
import type { Caller, Method } from "./method.ts";
import type { Parameters } from "./parameters.ts";

/** Users, groups and rules as administrators make them; in a federation the first zone's, which all follow. */
export const administrationMethods = {
  "one.user.allocate": (caller, parameters) => {
    const name = parameters.string();
    const password = parameters.string();
    parameters.optionalString();
    const groups = parameters.optionalIntegers();
    parameters.end();
    requireAdministrator(caller, "CREATE USER");
    const { accounts } = writable(caller);
    return accounts.addUser(
      name,
      password,
      groups.map((id) => groupOf(accounts, id)),
    ).id;
  },

  /** One's own, or an administrator anybody's. */
  "one.user.passwd": (caller, parameters) => {
    const id = parameters.integer();
    const password = parameters.string();
    parameters.end();
    const { accounts } = writable(caller);
    const wanted = userOf(accounts, id);
    if (caller.user.id !== id) requireAdministrator(caller, `MANAGE USER [${id}]`);
    if (password === "") throw new OneError(errorCode.internal, "Cannot update password: it is empty");
    accounts.change(wanted, { password });
    return id;
  },

  "one.user.chgrp": (caller, parameters) =>
    changedGroups(caller, parameters, "MANAGE", (user, group) => [
      group,
      ...user.groups.filter(({ id }) => id !== group.id && id !== primaryGroup(user).id),
    ]),

  "one.user.addgroup": (caller, parameters) =>
    changedGroups(caller, parameters, "MANAGE", (user, group) => {
      if (user.groups.some(({ id }) => id === group.id)) {
        throw new OneError(errorCode.internal, `User is already in group ${group.id}`);
      }
      return [...user.groups, group];
    }),

  "one.user.delgroup": (caller, parameters) =>
    changedGroups(caller, parameters, "MANAGE", (user, group) => {
      if (primaryGroup(user).id === group.id) {
        throw new OneError(errorCode.internal, "Cannot remove user from the primary group");
      }
      return user.groups.filter(({ id }) => id !== group.id);
    }),

  "one.user.delete": (caller, parameters) => {
    const id = parameters.integer();
    parameters.end();
    requireAdministrator(caller, `ADMIN USER [${id}]`);
    const { accounts } = writable(caller);
    const wanted = userOf(accounts, id);
    if (id === 0) throw new OneError(errorCode.action, "oneadmin cannot be deleted.");
    accounts.removeUser(wanted);
    return id;
  },

  "one.group.allocate": (caller, parameters) => {
    const name = parameters.string();
    parameters.end();
    requireAdministrator(caller, "CREATE GROUP");
    return writable(caller).accounts.addGroup(name).id;
  },

  "one.group.addadmin": (caller, parameters) => changedAdministrator(caller, parameters, true),
  "one.group.deladmin": (caller, parameters) => changedAdministrator(caller, parameters, false),

  "one.acl.addrule": (caller, parameters) => {
    const [user, resource, rights] = [parameters.string(), parameters.string(), parameters.string()];
    const zone = parameters.optionalString();
    parameters.end();
    requireAdministrator(caller, "MANAGE ACL");
    return caller.zone.accounts.acl.add(user, resource, rights, zone);
  },

  "one.acl.delrule": (caller, parameters) => {
    const id = parameters.integer();
    parameters.end();
    requireAdministrator(caller, "MANAGE ACL");
    caller.zone.accounts.acl.remove(id);
    return id;
  },
} satisfies Record<string, Method>;

function requireAdministrator({ user }: Caller, what: string): void {
  if (!isAdministrator(user)) throw notAuthorized(user, what);
}

/** Where what all zones share is written: only while the first zone's oned answers. */
function writable({ zone }: Caller): Zone {
  if (zone.masterAnswers()) return zone;
  throw new OneError(errorCode.internal, "Could not connect to the federation master oned");
}

function userOf({ users }: Accounts, id: number): User {
  const found = users.find((user) => user.id === id);
  if (found === undefined) throw new OneError(errorCode.noSuchObject, `Error getting user [${id}].`, id);
  return found;
}

function groupOf({ groups }: Accounts, id: number): Group {
  const found = groups.find((group) => group.id === id);
  if (found === undefined) throw new OneError(errorCode.noSuchObject, `Error getting group [${id}].`, id);
  return found;
}

function changedGroups(
  caller: Caller,
  parameters: Parameters,
  right: string,
  groupsOf: (user: User, group: Group) => readonly Group[],
): number {
  const [id, groupId] = [parameters.integer(), parameters.integer()];
  parameters.end();
  requireAdministrator(caller, `${right} USER [${id}]`);
  const { accounts } = writable(caller);
  const [user, group] = [userOf(accounts, id), groupOf(accounts, groupId)];
  accounts.change(user, { groups: groupsOf(user, group) });
  return id;
}

function changedAdministrator(caller: Caller, parameters: Parameters, administers: boolean): number {
  const [groupId, id] = [parameters.integer(), parameters.integer()];
  parameters.end();
  requireAdministrator(caller, `ADMIN GROUP [${groupId}]`);
  const { accounts } = writable(caller);
  const [user, group] = [userOf(accounts, id), groupOf(accounts, groupId)];
  const others = [...user.administers].filter((other) => other !== group.id);
  accounts.change(user, { administers: new Set(administers ? [...others, group.id] : others) });
  return groupId;
}
