/** Runs every compiled test below this folder, or those whose path contains one of the arguments. */
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const wanted = process.argv.slice(2);
const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.js"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .map((name) => join(import.meta.dirname, name))
  .sort();

if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(", ")}.`);
  process.exitCode = 1;
} else {
  run({ files, concurrency: availableParallelism() })
    .on("test:fail", () => {
      process.exitCode = 1;
    })
    .compose(new spec())
    .pipe(process.stdout);
}
