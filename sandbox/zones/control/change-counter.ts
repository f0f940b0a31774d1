const LONGEST_WAIT_MS = 30_000;

/** Counts everything that changed in any zone, and lets others wait for the next change. */
export class ChangeCounter {
  #count = 0;
  #waiting = new Set<() => void>();

  get count(): number {
    return this.#count;
  }

  increase(): void {
    this.#count += 1;
    this.release();
  }

  /** Lets all who wait go on. */
  release(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const go of waiting) go();
  }

  /** The count, as soon as it is beyond `since` or so many milliseconds have passed: half a minute, or less. */
  async beyond(since: number, withinMs = LONGEST_WAIT_MS): Promise<number> {
    if (this.#count > since || withinMs <= 0) return this.#count;
    await new Promise<void>((resolve) => {
      const go = () => {
        clearTimeout(timer);
        this.#waiting.delete(go);
        resolve();
      };
      const timer = setTimeout(go, Math.min(withinMs, LONGEST_WAIT_MS));
      this.#waiting.add(go);
    });
    return this.#count;
  }
}
