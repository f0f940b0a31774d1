import type { User } from "../oned/accounts.ts";
import type { Zone } from "../oned/zone.ts";
import { accountMethods } from "./account-methods.ts";
import type { Parameters } from "./parameters.ts";
import { poolMethods } from "./pool-methods.ts";
import { templateMethods } from "./template-methods.ts";
import { vmMethods } from "./vm-methods.ts";

export interface Caller {
  readonly zone: Zone;
  /** All zones of this stand-in; only `one.zonepool.info` looks beyond its own. */
  readonly zones: readonly Zone[];
  readonly user: User;
}

/** Reads its parameters (after the credential) and answers the second item of the triple. Refuses with a OneError. */
export type Method = (caller: Caller, parameters: Parameters) => string | number;

export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ...Object.entries(accountMethods),
  ...Object.entries(poolMethods),
  ...Object.entries(templateMethods),
  ...Object.entries(vmMethods),
]);
