/** A clock that a test sets: waits cost nothing, and what happens when is the same on every machine. */
import type { Clock } from "../../../src/slack/outbox/clock.ts";

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

const MOST_STEPS = 100_000;

export class ManualClock implements Clock {
  #now = 0;
  #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, milliseconds), run };
    const later = this.#timers.findIndex(({ at }) => at > timer.at);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Lets so many milliseconds pass, and everything happen that falls into them. */
  async passes(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await calm();
    while ((this.#timers[0]?.at ?? Number.POSITIVE_INFINITY) <= end) await this.#step();
    this.#now = end;
    await calm();
  }

  /** Lets time pass until the promise is kept. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    let isKept = false;
    const kept = promise.finally(() => {
      isKept = true;
    });
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      await calm();
      if (isKept) return await kept;
      if (this.#timers.length === 0) throw new Error("Nothing more will happen, and it has not come.");
      await this.#step();
    }
    throw new Error("It does not come.");
  }

  async #step(): Promise<void> {
    const [next] = this.#timers.splice(0, 1);
    if (next === undefined) return;
    this.#now = Math.max(this.#now, next.at);
    next.run();
    await calm();
  }
}

/** Until every promise that can be kept without time is kept. */
const calm = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
