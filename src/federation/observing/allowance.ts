/**
 * How much is told: so much at once, and what was told comes back within two hours, little by little. So what is new
 * after many things waits for minutes, and in two hours no more than twice as much is told. By a clock that nobody sets.
 */
export interface Allowance {
  /** Monotonic milliseconds of the last telling. */
  readonly since: number;
  /** Tellings that had not come back then; not a whole number. */
  readonly used: number;
}

/** Milliseconds. */
const COMES_BACK_IN = 7_200_000;

const usedAt = ({ since, used }: Allowance, ms: number, most: number): number =>
  Math.max(0, used - ((ms - since) / COMES_BACK_IN) * most);

export const isLeft = (known: Allowance | undefined, ms: number, most: number): boolean =>
  known === undefined || usedAt(known, ms, most) <= most - 1;

export const spent = (known: Allowance | undefined, ms: number, most: number): Allowance => ({
  since: ms,
  used: 1 + (known === undefined ? 0 : usedAt(known, ms, most)),
});
