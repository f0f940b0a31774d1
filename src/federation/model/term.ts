/** A federation's last day, and what its owners are asked before it. Days are by UTC. */
import type { CardId, Person } from "./identity.ts";

/** A question to a site's owners: does it go on until another day? */
export interface GoOn {
  readonly card: CardId;
  readonly until: string;
  readonly answerBy: string;
  readonly agreedBy: Person | null;
  readonly reminded: boolean;
  /** `dropped`: nobody need answer it any more. */
  readonly outcome: "open" | "goes-on" | "run-out" | "dropped";
}

/** Until when a federation runs. */
export interface Term {
  /** Its last day, by UTC. */
  readonly until: string;
  /** That this day is near was told. */
  readonly reminded: boolean;
  /** What its owners are asked now. */
  readonly question: { readonly until: string; readonly askedAt: string; readonly answerBy: string } | null;
}

/** Milliseconds. */
export const DAY_MS = 24 * 60 * 60_000;

/** The day of a moment in milliseconds since 1970, such as `2027-03-01`. */
export const dayOf = (moment: number): string => new Date(moment).toISOString().slice(0, 10);

/** When a day is over, in milliseconds since 1970. */
export const endOf = (day: string): number => Date.parse(day) + DAY_MS;
