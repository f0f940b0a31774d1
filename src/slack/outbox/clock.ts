/** Time for intervals only: it never steps, whatever is done to the machine's clock. */

/** No timer is set for longer; whoever waits longer looks again then. Longer than 24 days a timer would fire at once. */
const LONGEST_TIMER_MS = 3_600_000;

export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  /** Runs once, so many milliseconds later; what is answered calls it off. */
  after(milliseconds: number, run: () => void): () => void;
}

export const monotonicClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, Math.ceil(Math.min(LONGEST_TIMER_MS, Math.max(0, milliseconds))));
    return () => clearTimeout(timer);
  },
};
