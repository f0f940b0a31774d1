import { inspect } from "node:util";

const SHOWN = "[secret]";

/**
 * A value that must never reach a log, a message, the journal or an argument list. However it is printed it
 * reads `[secret]`; whoever needs the value says so by `reveal()`.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
