/** What the calls of one daemon add up to: for tests of how much a client asks, and how much at once. */
export class Load {
  readonly #calls = new Map<string, number>();
  #now = 0;
  #mostAtOnce = 0;

  async counted<Result>(operation: string, answer: () => Promise<Result>): Promise<Result> {
    this.#calls.set(operation, (this.#calls.get(operation) ?? 0) + 1);
    this.#now += 1;
    this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#now);
    try {
      return await answer();
    } finally {
      this.#now -= 1;
    }
  }

  get calls(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#calls);
  }

  get mostAtOnce(): number {
    return this.#mostAtOnce;
  }
}
