/** How much is told in an hour: counted by a clock that nobody sets. */
export interface Allowance {
  /** Monotonic milliseconds. */
  readonly since: number;
  readonly told: number;
}

/** Milliseconds. */
const HOUR = 3_600_000;

const current = (known: Allowance | undefined, ms: number): Allowance =>
  known === undefined || ms - known.since >= HOUR ? { since: ms, told: 0 } : known;

export const isLeft = (known: Allowance | undefined, ms: number, most: number): boolean =>
  current(known, ms).told < most;

export function spent(known: Allowance | undefined, ms: number): Allowance {
  const { since, told } = current(known, ms);
  return { since, told: told + 1 };
}
