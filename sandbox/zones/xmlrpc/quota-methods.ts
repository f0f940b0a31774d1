import { notAuthorized } from "../oned/access.ts";
import { isAdministrator, type Limits } from "../oned/accounts.ts";
import { vectorsOf } from "../oned/attributes.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import { parseTemplateText } from "../oned/template-text.ts";
import type { Method } from "./method.ts";

/** Limits, set by administrators as `VM=[VMS="2"]` and `NETWORK=[ID="0",LEASES="3"]`. */
export const quotaMethods = {
  "one.user.quota": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    const text = parameters.string();
    parameters.end();
    const wanted = zone.accounts.users.find((other) => other.id === id);
    if (wanted === undefined) throw new OneError(errorCode.noSuchObject, `Error getting user [${id}].`, id);
    if (!isAdministrator(user)) throw notAuthorized(user, `ADMIN USER [${id}]`);
    if (id === 0) throw new OneError(errorCode.action, "Cannot set quotas for oneadmin user");
    setLimits(wanted.quotas, text);
    return id;
  },

  "one.group.quota": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    const text = parameters.string();
    parameters.end();
    const wanted = zone.accounts.groups.find((other) => other.id === id);
    if (wanted === undefined) throw new OneError(errorCode.noSuchObject, `Error getting group [${id}].`, id);
    if (!isAdministrator(user)) throw notAuthorized(user, `ADMIN GROUP [${id}]`);
    if (id === 0) throw new OneError(errorCode.action, "Cannot set quotas for oneadmin group");
    setLimits(wanted.quotas, text);
    return id;
  },
} satisfies Record<string, Method>;

function setLimits({ vm, leases }: Limits, text: string): void {
  const given = parseTemplateText(text);
  for (const limits of vectorsOf(given, "VM")) {
    for (const [name, limit] of limits) vm.set(name, Number(limit));
  }
  for (const limits of vectorsOf(given, "NETWORK")) {
    leases.set(Number(limits.get("ID")), Number(limits.get("LEASES") ?? -1));
  }
}
