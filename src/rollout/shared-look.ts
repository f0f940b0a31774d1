/** One look for all who ask at about the same time. */

export class SharedLook<T> {
  readonly #look: () => Promise<T>;
  readonly #fresh: number;
  readonly #now: () => number;
  #last: { readonly result: Promise<T>; endedAt: number | null } | undefined;

  /** `fresh`: milliseconds after its end that a look still answers. `now`: milliseconds by a clock that nobody sets. */
  constructor(look: () => Promise<T>, fresh: number, now: () => number = () => performance.now()) {
    this.#look = look;
    this.#fresh = fresh;
    this.#now = now;
  }

  /** The look that is under way, or one that has just ended, or a new one. One that failed answers nobody else. */
  see(): Promise<T> {
    const last = this.#last;
    if (last !== undefined && (last.endedAt === null || this.#now() - last.endedAt < this.#fresh)) return last.result;
    return this.#begin();
  }

  #begin(): Promise<T> {
    const result = this.#look();
    const mine: { readonly result: Promise<T>; endedAt: number | null } = { result, endedAt: null };
    this.#last = mine;
    result.then(
      () => {
        mine.endedAt = this.#now();
      },
      () => {
        if (this.#last === mine) this.#last = undefined;
      },
    );
    return result;
  }
}
