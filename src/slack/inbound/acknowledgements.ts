/**
 * What each envelope of Slack's was answered with. One that comes again is not handled again: it is given the same
 * answer, or gets it when there is one.
 */

/** Slack hands an envelope over again within seconds; far more than come in those are remembered. */
const REMEMBERED = 500;

export class Acknowledgements {
  /** null while the envelope is being handled. */
  readonly #answers = new Map<string, string | null>();
  readonly #waiting = new Set<() => void>();
  #underWay = 0;

  /** Undefined for one that is new. */
  of(envelope: string): string | null | undefined {
    return this.#answers.get(envelope);
  }

  begin(envelope: string): void {
    this.#answers.set(envelope, null);
    this.#underWay += 1;
    for (const [oldest, answer] of this.#answers) {
      if (this.#answers.size <= REMEMBERED) break;
      if (answer !== null) this.#answers.delete(oldest);
    }
  }

  /** The message that says so, or null when the envelope has its answer. Empty answers are as Slack's library sends them. */
  conclude(envelope: string, response: unknown): string | null {
    if (this.#answers.get(envelope) !== null) return null;
    const text = JSON.stringify({ envelope_id: envelope, payload: payloadOf(response) });
    this.#answers.set(envelope, text);
    this.#underWay -= 1;
    if (this.#underWay === 0) for (const resume of this.#waiting) resume();
    return text;
  }

  /** As soon as nothing is being handled, and after so many milliseconds all the same. */
  async idle(longest: number): Promise<void> {
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, longest);
      this.#waiting.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

function payloadOf(response: unknown): object {
  if (typeof response === "string") return { text: response };
  return typeof response === "object" && response !== null ? response : {};
}
