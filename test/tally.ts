/** What became of the tests of several runs together, closed in the words with which node closes one run. */
import type { TestEvent } from "node:test/reporters";
import { z } from "zod";

/** What node tells at the end of each run, which is only part of the whole here. */
const CLOSING = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;
const failure = z.object({ failureType: z.string() });

type Ended = Extract<TestEvent, { type: "test:pass" | "test:fail" }>;

export class Tally {
  readonly #began = performance.now();
  readonly #counts = { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
  readonly #failed: string[] = [];
  readonly #nameOf: (file: string) => string;
  /** Files that share a process, of which nothing came yet. */
  readonly #awaited = new Set<string>();

  /** `nameOf` says how people know a file, given its path. */
  constructor(nameOf: (file: string) => string) {
    this.#nameOf = nameOf;
  }

  /** Node knows only the file that it starts: of those that it holds somebody else must know that each brings tests. */
  awaits(files: Iterable<string>): void {
    for (const file of files) this.#awaited.add(file);
  }

  /** Counts the event. @returns whether it is of interest on its own too. */
  take(event: TestEvent): boolean {
    if (event.type === "test:diagnostic") return event.data.nesting > 0 || !CLOSING.test(event.data.message);
    if (event.type === "test:pass" || event.type === "test:fail") this.#count(event);
    return true;
  }

  get hasFailed(): boolean {
    return this.#failed.length > 0 || this.#awaited.size > 0 || this.#counts.tests === 0;
  }

  /** The failed tests with their files, node's closing lines, and one line for who reads no other. */
  closing(): string {
    const { tests, pass, skipped } = this.#counts;
    const took = `duration_ms ${Math.round(performance.now() - this.#began)}`;
    const counts = Object.entries(this.#counts).map(([what, count]) => `${what} ${count}`);
    const failed = [...this.#failed, ...[...this.#awaited].map((file) => `${this.#nameOf(file)}: it has no tests`)];
    return [
      ...(failed.length > 0 ? ["", "Failed:", ...failed.map((name) => `  ${name}`), ""] : []),
      ...[...counts, took].map((line) => `ℹ ${line}`),
      ...(tests === 0 ? ["Nothing was tested."] : []),
      `${pass} passed, ${failed.length} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
    ].join("\n");
  }

  #count({ type, data }: Ended): void {
    const isSuite = data.details.type === "suite";
    this.#counts[isSuite ? "suites" : "tests"] += 1;
    if (data.file !== undefined) this.#awaited.delete(data.file);
    // Node makes a test of a file that has none; whoever wrote it believes that something is tested there.
    const isEmpty = type === "test:pass" && data.name === data.file;
    if (type === "test:pass" && !isEmpty) this.#countPassed(data, isSuite);
    else if (data.skip !== undefined) this.#counts.skipped += 1;
    else if (data.todo !== undefined) this.#counts.todo += 1;
    else this.#countFailed(type === "test:fail" ? kindOf(data.details.error) : "noTests", data);
  }

  #countPassed({ skip, todo }: Ended["data"], isSuite: boolean): void {
    if (isSuite) return;
    if (skip !== undefined) this.#counts.skipped += 1;
    else if (todo !== undefined) this.#counts.todo += 1;
    else this.#counts.pass += 1;
  }

  /** A suite fails with its tests, which are told; where a hook of its own failed, nobody else tells. */
  #countFailed(kind: string, { name, file = "" }: Ended["data"]): void {
    if (kind === "subtestsFailed") return;
    this.#counts[kind === "cancelledByParent" ? "cancelled" : "fail"] += 1;
    const where = this.#nameOf(file);
    if (kind === "noTests") this.#failed.push(`${where}: it has no tests`);
    else this.#failed.push(name === file ? `${where}: the file crashed` : `${where}: ${name}`);
  }
}

/** Node's word for how a test failed. */
function kindOf(error: unknown): string {
  const read = failure.safeParse(error);
  return read.success ? read.data.failureType : "unknown";
}
