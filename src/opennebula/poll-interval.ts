/** When to look at a zone again: a pure rule, so that what polling costs a zone can be read and tested. */

export interface Pace {
  /** Milliseconds between two looks at the least, and at the most. */
  readonly fastest: number;
  readonly slowest: number;
}

export interface Circumstances {
  /** Milliseconds that each thing that somebody waits for has been awaited. */
  readonly awaitedFor: readonly number[];
  /** Looks in a row that showed nothing new. */
  readonly quietLooks: number;
  /** Looks in a row that failed. */
  readonly failures: number;
  /** From 0 to 1, by chance: zones that failed together are not asked again together. */
  readonly chance: number;
}

/**
 * Milliseconds from the beginning of a look until the next. What is awaited is looked for after a tenth of the time
 * waited so far: a short boot is seen at once and a long one costs little. Otherwise the pauses double while nothing
 * that matters moves.
 */
export function nextLook(pace: Pace, { awaitedFor, quietLooks, failures, chance }: Circumstances): number {
  if (failures > 0) return doubled(pace, failures) * (0.5 + chance / 2);
  const unhurried = doubled(pace, quietLooks);
  if (awaitedFor.length === 0) return unhurried;
  return Math.min(unhurried, Math.max(pace.fastest, Math.min(...awaitedFor) / 10));
}

function doubled({ fastest, slowest }: Pace, times: number): number {
  return Math.min(slowest, fastest * 2 ** Math.min(times, 30));
}
