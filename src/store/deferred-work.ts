/** Work that many changes ask for and that is done once for all of them, a while later, one run at a time. */
export class DeferredWork {
  readonly #delay: number;
  readonly #work: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();

  /** `delay`: milliseconds from the first asking. `work` must not reject. */
  constructor(delay: number, work: () => Promise<void>) {
    this.#delay = delay;
    this.#work = work;
  }

  soon(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.now(), this.#delay);
    // What is left to do is done at the end anyway, or made anew at the next start.
    this.#timer.unref();
  }

  /** Resolves when everything asked for so far is done. */
  now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#last = this.#last.then(this.#work);
    return this.#last;
  }
}
