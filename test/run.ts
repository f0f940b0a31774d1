/** Runs every compiled test below this folder, or those whose path contains one of the arguments. */
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

/** Tests that keep a machine busy: real Flower, and a bot that dies some hundred times. Each has it to itself. */
const HEAVY = ["real/", "guest-agent/flower", "faults/crash"];

const wanted = process.argv.slice(2);
const names = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.js"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort();
const isHeavy = (name: string): boolean => HEAVY.some((part) => name.includes(part));

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
}
