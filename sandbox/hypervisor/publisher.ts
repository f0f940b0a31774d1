import { isAttributeValue } from "../../src/guest-protocol/alphabets.ts";
import type { Attributes } from "./distortion.ts";
import type { OneGate } from "./one-gate.ts";

/**
 * What a guest says of itself. Everything said since the last update goes in one update, in the order it was said; what
 * OneGate did not take goes with the next one. A value is sent when it differs from the one OneGate has.
 */
export class Publisher {
  readonly #oneGate: OneGate;
  readonly #distort: (said: Attributes) => Attributes;
  readonly #failed: (error: unknown) => void;
  readonly #signal: AbortSignal;
  readonly #said = new Map<string, string>();
  readonly #sent = new Map<string, string>();
  #flushing: Promise<void> = Promise.resolve();

  constructor(parts: {
    oneGate: OneGate;
    distort: (said: Attributes) => Attributes;
    failed: (error: unknown) => void;
    signal: AbortSignal;
  }) {
    this.#oneGate = parts.oneGate;
    this.#distort = parts.distort;
    this.#failed = parts.failed;
    this.#signal = parts.signal;
  }

  /** What the guest itself holds to be true, whatever a fault makes of it on the way out. */
  get said(): Attributes {
    return this.#said;
  }

  /** After the guest's end it changes nothing. @throws RangeError for a value that may not cross, which is a mistake in the guest. */
  async say(values: Readonly<Record<string, string>>): Promise<void> {
    if (this.#signal.aborted) {
      return;
    }
    for (const [name, value] of Object.entries(values)) {
      if (!isAttributeValue(value)) {
        throw new RangeError(`${name} holds what may not cross.`);
      }
      this.#said.set(name, value);
    }
    await this.flush();
  }

  /** Sends a value again even if it is the same. */
  async repeat(name: string): Promise<void> {
    this.#sent.delete(name);
    await this.flush();
  }

  /** Sends what OneGate does not have yet, one update at a time. */
  async flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#send());
    await this.#flushing;
  }

  async #send(): Promise<void> {
    const changed = new Map([...this.#distort(this.#said)].filter(([name, value]) => this.#sent.get(name) !== value));
    if (changed.size === 0 || this.#signal.aborted) {
      return;
    }
    try {
      await this.#oneGate.put(changed, this.#signal);
      for (const [name, value] of changed) {
        this.#sent.set(name, value);
      }
    } catch (error) {
      if (!this.#signal.aborted) {
        this.#failed(error);
      }
    }
  }
}
