/** What could not be read by itself is tried again ever more seldom, not fetched for nothing in each look. */

interface Aside {
  readonly why: string;
  /** Looks that pass before the next try. */
  readonly pause: number;
  left: number;
}

const FIRST_PAUSE = 2;
const LONGEST_PAUSE = 64;

export class SetAside {
  readonly #aside = new Map<number, Aside>();

  get isEmpty(): boolean {
    return this.#aside.size === 0;
  }

  /** Begins a look at those that are there: others are forgotten. */
  begin(present: readonly number[]): void {
    const there = new Set(present);
    for (const [id, aside] of this.#aside) {
      if (there.has(id)) aside.left -= 1;
      else this.#aside.delete(id);
    }
  }

  /** Why it is not to be read in this look; nothing if it is. */
  why(id: number): string | undefined {
    const aside = this.#aside.get(id);
    return aside !== undefined && aside.left > 0 ? aside.why : undefined;
  }

  /** Whether it could not be read the last time: then it is read alone. */
  has(id: number): boolean {
    return this.#aside.has(id);
  }

  put(id: number, why: string): void {
    const before = this.#aside.get(id)?.pause ?? FIRST_PAUSE / 2;
    const pause = Math.min(LONGEST_PAUSE, before * 2);
    this.#aside.set(id, { why, pause, left: pause });
  }

  takeBack(id: number): void {
    this.#aside.delete(id);
  }
}
