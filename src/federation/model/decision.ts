/** The form every decision has: events that follow, or a refusal that changes nothing. */
import type { FederationEvent } from "./events.ts";
import type { RefusalCode } from "./reasons.ts";

export interface Decided {
  readonly ok: true;
  readonly events: readonly FederationEvent[];
}

export interface Refused {
  readonly ok: false;
  readonly refusal: RefusalCode;
  /** What is journalled all the same: that somebody tried. */
  readonly events: readonly FederationEvent[];
}
export type Decision = Decided | Refused;

export const decided = (...events: readonly FederationEvent[]): Decided => ({ ok: true, events });

/** Nothing follows: it was decided before, or there is nothing to tell. */
export const NOTHING: Decided = { ok: true, events: [] };

export const refuse = (refusal: RefusalCode): Refused => ({ ok: false, refusal, events: [] });
