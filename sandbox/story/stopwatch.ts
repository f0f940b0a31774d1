/** How long each part of the story took. */
export class Stopwatch {
  readonly #laps: { readonly name: string; readonly ms: number }[] = [];
  readonly #started = Date.now();
  #last = this.#started;

  lap(name: string): void {
    const now = Date.now();
    this.#laps.push({ name, ms: now - this.#last });
    this.#last = now;
  }

  /** One line a lap, and the whole. */
  table(): string {
    const rows = [...this.#laps, { name: "the whole story", ms: this.#last - this.#started }];
    const width = Math.max(...rows.map(({ name }) => name.length));
    return rows.map(({ name, ms }) => `  ${name.padEnd(width)}  ${(ms / 1000).toFixed(2).padStart(8)} s`).join("\n");
  }
}
