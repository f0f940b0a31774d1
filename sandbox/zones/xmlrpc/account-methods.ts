import { notAuthorized } from "../oned/access.ts";
import { aclXml, groupPoolXml, groupXml, userPoolXml, userXml, zonePoolXml, zoneXml } from "../oned/account-xml.ts";
import { isAdministrator, primaryGroup, type User } from "../oned/accounts.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import type { Method } from "./method.ts";

const own = -1;

export const accountMethods = {
  "one.user.info": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    const wanted = id === own ? user : zone.accounts.users.find((other) => other.id === id);
    if (wanted === undefined) throw new OneError(errorCode.noSuchObject, `Error getting user [${id}].`, id);
    if (!maySeeUser(user, wanted)) throw notAuthorized(user, `USE USER [${wanted.id}]`);
    return userXml(zone, wanted);
  },

  "one.userpool.info": ({ zone, user }, parameters) => {
    parameters.end();
    const seen = [...zone.accounts.users].filter((other) => maySeeUser(user, other));
    return userPoolXml(zone, seen.reverse());
  },

  "one.user.login": ({ zone, user }, parameters) => {
    const name = parameters.string();
    const token = parameters.string();
    const seconds = parameters.integer();
    const group = parameters.optionalInteger() ?? -1;
    parameters.end();
    const wanted = zone.accounts.users.find((other) => other.name === name);
    if (wanted === undefined) throw new OneError(errorCode.noSuchObject, "Error getting user [-1].");
    if (wanted.id !== user.id && !isAdministrator(user)) throw notAuthorized(user, `MANAGE USER [${wanted.id}]`);
    if (!zone.masterAnswers()) {
      throw new OneError(errorCode.internal, "Could not connect to the federation master oned");
    }
    return zone.accounts.login(wanted, token, seconds, group);
  },

  "one.group.info": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    const wanted = id === own ? primaryGroup(user) : zone.accounts.groups.find((group) => group.id === id);
    if (wanted === undefined) throw new OneError(errorCode.noSuchObject, `Error getting group [${id}].`, id);
    if (!user.groups.includes(wanted) && !isAdministrator(user)) throw notAuthorized(user, `USE GROUP [${wanted.id}]`);
    return groupXml(zone, wanted);
  },

  "one.grouppool.info": ({ zone, user }, parameters) => {
    parameters.end();
    const seen = zone.accounts.groups.filter((group) => isAdministrator(user) || user.groups.includes(group));
    return groupPoolXml(zone, seen.reverse());
  },

  "one.acl.info": ({ zone, user }, parameters) => {
    parameters.end();
    if (!isAdministrator(user)) throw notAuthorized(user, "MANAGE ACL");
    return aclXml(zone);
  },

  "one.zonepool.info": ({ zones }, parameters) => {
    parameters.end();
    return zonePoolXml(zones);
  },

  "one.zone.enable": ({ zones, user }, parameters) => {
    const id = parameters.integer();
    const enable = parameters.boolean();
    parameters.end();
    const wanted = zones.find((zone) => zone.id === id);
    if (wanted === undefined) throw new OneError(errorCode.noSuchObject, `Error getting zone [${id}].`, id);
    if (!isAdministrator(user)) throw notAuthorized(user, `ADMIN ZONE [${id}]`);
    wanted.enabled = enable;
    return id;
  },

  "one.zone.info": ({ zones }, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    const wanted = zones.find((zone) => zone.id === id);
    if (wanted === undefined) throw new OneError(errorCode.noSuchObject, `Error getting zone [${id}].`, id);
    return zoneXml(wanted);
  },
} satisfies Record<string, Method>;

/** Oneself; a group's administrator sees its members, an administrator everybody. */
function maySeeUser(user: User, wanted: User): boolean {
  return (
    wanted.id === user.id || isAdministrator(user) || wanted.groups.some((group) => user.administers.has(group.id))
  );
}
