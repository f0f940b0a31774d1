/** Counts how many are in at once, and lets nobody out before as many as expected have come in together. */
export class Crowd {
  readonly #expected: number;
  readonly #full: Promise<void>;
  #open = (): void => undefined;
  #now = 0;
  #most = 0;

  constructor(expected: number) {
    this.#expected = expected;
    this.#full = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  get most(): number {
    return this.#most;
  }

  async pass(): Promise<void> {
    this.#now += 1;
    this.#most = Math.max(this.#most, this.#now);
    if (this.#now === this.#expected) this.#open();
    await this.#full;
    this.#now -= 1;
  }
}
