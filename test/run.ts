/**
 * Runs every compiled test below this folder, phase by phase, and tells at the end what became of all of them.
 *
 * With `--quick` the tests with real Flower and the bot that dies everywhere are left out; with other arguments all but
 * those whose path contains one.
 * Ends with 1 when a test failed, a file crashed, or nothing was tested at all.
 */
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { run } from "node:test";
import { spec, type TestEvent } from "node:test/reporters";
import { parseArgs } from "node:util";
import { Tally } from "./tally.ts";

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
  .filter((name) => !(values.quick && (name.startsWith(REAL) || name.startsWith(DYING))))
  .filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
  .sort();
const tally = new Tally((file) => relative(import.meta.dirname, file));

async function* counted(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  for await (const event of events) if (tally.take(event)) yield event;
}

async function runAll(chosen: readonly string[], concurrency: number): Promise<void> {
  const files = chosen.map((name) => join(import.meta.dirname, name));
  if (files.length === 0) return;
  const report = Readable.from(counted(run({ files, concurrency }))).pipe(new spec());
  for await (const text of report) process.stdout.write(text);
}

const real = names.filter((name) => name.startsWith(REAL));
const dying = names.filter((name) => name.startsWith(DYING));
await runAll(
  names.filter((name) => !real.includes(name) && !dying.includes(name)),
  availableParallelism(),
);
await runAll(dying, 1);
await runAll(real, 2);
if (names.length === 0) console.log(`No test file matches ${positionals.join(", ")}.`);
if (values.quick)
  console.log("Left out, and run by npm test: a bot that dies everywhere, and real Flower (Linux, root).");
console.log(tally.closing());
process.exitCode = tally.hasFailed ? 1 : 0;
