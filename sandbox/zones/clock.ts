import type { Pace } from "./pace.ts";

/** Time as a zone sees it. Waiting times are given as a real front-end has them and divided by the speed. */
export class Clock {
  readonly pace: Pace;
  #speed: number;
  readonly #pending = new Set<NodeJS.Timeout>();

  constructor(speed: number, pace: Pace) {
    this.pace = pace;
    this.#speed = speed;
  }

  /** What is waited for already goes on as it was. */
  setSpeed(speed: number): void {
    this.#speed = speed;
  }

  /** Whole seconds since 1970, as all times in OpenNebula are. */
  seconds(): number {
    return Math.floor(Date.now() / 1000);
  }

  /** Runs the step once, after `ms` milliseconds of a real front-end. */
  after(ms: number, step: () => void): void {
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      step();
    }, ms / this.#speed);
    this.#pending.add(timer);
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Nothing that was planned happens any more. */
  stop(): void {
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
  }
}
