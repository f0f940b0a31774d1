/** How late the event loop was at worst: one look a second, for a histogram that samples more often would never let it rest. */

/** Milliseconds. */
const LOOK_EVERY = 1_000;

export class LoopDelay {
  readonly #timer: NodeJS.Timeout;
  #expected = performance.now() + LOOK_EVERY;
  #worst = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY).unref();
  }

  /** Milliseconds: the worst since this was asked last. */
  takeWorst(): number {
    const worst = Math.max(this.#worst, performance.now() - this.#expected, 0);
    this.#worst = 0;
    return worst;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    this.#worst = Math.max(this.#worst, now - this.#expected);
    this.#expected = now + LOOK_EVERY;
  }
}
