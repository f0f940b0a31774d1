/** What the play found to be as it should be, and what not. */
export class Checks {
  readonly #print: (line: string) => void;
  #held = 0;
  #broken = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  hold(sentence: string, holds: boolean): void {
    if (holds) this.#held += 1;
    else this.#broken += 1;
    this.#print(`  ${holds ? "✔" : "✘"} ${sentence}`);
  }

  get allHeld(): boolean {
    return this.#broken === 0 && this.#held > 0;
  }

  summary(): string {
    return `${this.#held} checks held, ${this.#broken} did not.`;
  }
}
