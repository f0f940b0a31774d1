/**
 * Runs every compiled test below this folder: quick ones side by side, then those that keep a machine busy.
 *
 * With `--quick` the tests with real Flower are left out; with other arguments all but those whose path contains one.
 */
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";

/** Real Flower: each waits more than it works, so two at a time disturb neither. */
const REAL = "real/";
/** A bot that dies some hundred times. */
const DYING = "faults/crash";

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
const names = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.js"))
  .filter((name) => !(values.quick && name.startsWith(REAL)))
  .filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
  .sort();

function runAll(chosen: readonly string[], concurrency: number): Promise<void> {
  const files = chosen.map((name) => join(import.meta.dirname, name));
  if (files.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const report = run({ files, concurrency })
      .on("test:fail", () => {
        process.exitCode = 1;
      })
      .compose(new spec());
    report.on("end", resolve).on("error", reject);
    report.pipe(process.stdout, { end: false });
  });
}

if (names.length === 0) {
  console.error(`No test file matches ${positionals.join(", ")}.`);
  process.exitCode = 1;
} else {
  const [real, others] = [
    names.filter((name) => name.startsWith(REAL)),
    names.filter((name) => !name.startsWith(REAL)),
  ];
  const isDying = (name: string): boolean => name.startsWith(DYING);
  await runAll(
    others.filter((name) => !isDying(name)),
    availableParallelism(),
  );
  await runAll(others.filter(isDying), 1);
  await runAll(real, 2);
  if (values.quick) console.log("Left out: the tests with real Flower, which npm test runs (Linux, root).");
}
