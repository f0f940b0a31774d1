import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** No wait is shorter, however fast the sandbox runs: a guest that spins would starve the others. */
const LEAST_WAIT_MS = 20;

/** What a guest does again and again is work on this machine at any speed, so it is not done more often than this. */
const MOST_OFTEN = 8;
const LEAST_REST_MS = 60;

/** How fast time runs for the guests, and the seed of everything that differs from guest to guest. */
export class Pace {
  #speed: number;
  /** What the clock showed at the last change of speed, and when that was. */
  #passed = 0;
  #since = performance.now();
  readonly #seed: string;

  constructor({ speed, seed }: { speed: number; seed: string }) {
    this.#speed = speed;
    this.#seed = seed;
  }

  /** What is waited for already goes on as it was; the clock does not jump. */
  setSpeed(speed: number): void {
    this.#passed = this.now;
    this.#since = performance.now();
    this.#speed = speed;
  }

  /** Real milliseconds for a wait of so many milliseconds at speed 1. */
  scaled(ms: number): number {
    return Math.max(ms / this.#speed, LEAST_WAIT_MS);
  }

  /** Milliseconds at speed 1 by a clock that nobody sets. */
  get now(): number {
    return this.#passed + (performance.now() - this.#since) * this.#speed;
  }

  /** Milliseconds at speed 1 since a moment of `performance.now()`. */
  since(moment: number): number {
    return (performance.now() - moment) * this.#speed;
  }

  /** @throws AbortError when the guest ends first. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(this.scaled(ms), undefined, { signal });
  }

  /** Between two turns of what is done again and again. @throws AbortError when the guest ends first. */
  async rest(ms: number, signal: AbortSignal): Promise<void> {
    const least = Math.max(ms / MOST_OFTEN, Math.min(ms, LEAST_REST_MS));
    await sleep(Math.max(this.scaled(ms), least), undefined, { signal });
  }

  /** A 64 bit number that is the same for the same seed and subject. */
  number(subject: string): bigint {
    return createHash("sha256").update(`${this.#seed}\n${subject}`).digest().readBigUInt64BE();
  }

  /** Half to one and a half of a wait, always the same for the same seed and subject. */
  around(ms: number, subject: string): number {
    return ms / 2 + Number(this.number(subject) % BigInt(Math.max(ms, 1)));
  }
}
