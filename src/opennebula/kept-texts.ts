/** What VMs say, kept once: thousands of VMs hold the same agent in their CONTEXT, look after look. */

export class KeptTexts {
  #before: ReadonlyMap<string, string> = new Map();
  #now = new Map<string, string>();

  /** The same text, as one string however often it is said. */
  keep(text: string): string {
    const known = this.#now.get(text) ?? this.#before.get(text) ?? detached(text);
    this.#now.set(known, known);
    return known;
  }

  /** What was not said since the last round is forgotten. */
  nextRound(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}

/** A string cut out of an answer holds on to the whole answer: this one does not. */
const detached = (text: string): string => Buffer.from(text, "utf8").toString("utf8");
