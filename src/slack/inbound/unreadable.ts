/** Deliveries that nobody can read: the first is told, then every tenth, hundredth and so on, with their number. */
import type { Log } from "../../federation/ports.ts";

export class Unreadable {
  readonly #log: Log;
  #count = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  get count(): number {
    return this.#count;
  }

  found(): void {
    this.#count += 1;
    if (!/^10*$/.test(String(this.#count))) return;
    this.#log.warn(
      { count: this.#count },
      `Slack has delivered what the bot cannot read (${this.#count} so far). It is left alone; if something that people press has no effect, look for a newer version of the bot.`,
    );
  }
}
