/**
 * Runs every compiled test below this folder but those with real Flower, which need root and a quarter of an hour;
 * with arguments, those whose path contains one of them.
 */
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const REAL = ["real/", "guest-agent/flower"];
/** Tests that keep a machine busy: real Flower, and a bot that dies some hundred times. Each has it to itself. */
const HEAVY = [...REAL, "faults/crash"];

const holds = (name: string, parts: readonly string[]): boolean => parts.some((part) => name.includes(part));

const wanted = process.argv.slice(2);
const names = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.js"))
  .filter((name) => (wanted.length === 0 ? !holds(name, REAL) : holds(name, wanted)))
  .sort();
const isHeavy = (name: string): boolean => holds(name, HEAVY);

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
  console.error(`No test file matches ${wanted.join(", ")}.`);
  process.exitCode = 1;
} else {
  await runAll(
    names.filter((name) => !isHeavy(name)),
    availableParallelism(),
  );
  await runAll(names.filter(isHeavy), 1);
  if (wanted.length === 0)
    console.log("Left out: the tests with real Flower. npm run test:real runs them (Linux, root).");
}
