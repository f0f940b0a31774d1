/** When to look at a zone again: a pure rule, so that what polling costs a zone can be read and tested. */

export interface Pace {
  /** Milliseconds between two looks at the least, and at the most. */
  readonly fastest: number;
  readonly slowest: number;
}

export interface Circumstances {
  readonly now: number;
  /** Since when each thing that somebody waits for is awaited. */
  readonly awaitedSince: readonly number[];
  /** Looks in a row that showed nothing new. */
  readonly quietLooks: number;
  /** Looks in a row that failed. */
  readonly failures: number;
  /** From 0 to 1, by chance: zones that failed together are not asked again together. */
  readonly chance: number;
}

/**
 * Milliseconds until the next look. What is awaited is looked for after a tenth of the time waited so far: a short
 * boot is seen at once and a long one costs little. With nothing awaited the pauses double while nothing moves.
 */
export function nextLook(pace: Pace, { now, awaitedSince, quietLooks, failures, chance }: Circumstances): number {
  if (failures > 0) return doubled(pace, failures) * (0.5 + chance / 2);
  if (awaitedSince.length === 0) return doubled(pace, quietLooks);
  const youngest = Math.max(...awaitedSince);
  return Math.min(pace.slowest, Math.max(pace.fastest, (now - youngest) / 10));
}

function doubled({ fastest, slowest }: Pace, times: number): number {
  return Math.min(slowest, fastest * 2 ** Math.min(times, 30));
}
