import type { User } from "../oned/accounts.ts";
import type { Zone } from "../oned/zone.ts";
import type { Parameters } from "./parameters.ts";

export interface Caller {
  readonly zone: Zone;
  /** All zones of this stand-in; only `one.zonepool.info` looks beyond its own. */
  readonly zones: readonly Zone[];
  readonly user: User;
}

/** Reads its parameters (after the credential) and answers the second item of the triple. Refuses with a OneError. */
export type Method = (caller: Caller, parameters: Parameters) => string | number;
