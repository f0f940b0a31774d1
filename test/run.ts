/**
 * Runs every compiled test below this folder, phase by phase, and tells at the end what became of all of them.
 *
 * With `--quick` the tests with real Flower and what is proven by doing it very often are left out; with other arguments
 * all but those whose path contains one.
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
/** A bot that dies some hundred times, and a link that comes and goes as often. */
const REPEATED = ["faults/crash", "story/noise"];
/** They wait for one another's processes much of their time: begun first, they leave no core idle at the end. */
const STORIES = ["faults/", "story/"];

const isIn = (name: string, places: readonly string[]): boolean => places.some((place) => name.startsWith(place));

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
const names = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.js"))
  .filter((name) => !(values.quick && isIn(name, [REAL, ...REPEATED])))
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

const real = names.filter((name) => isIn(name, [REAL]));
const repeated = names.filter((name) => isIn(name, REPEATED));
const usual = names.filter((name) => !real.includes(name) && !repeated.includes(name));
const stories = usual.filter((name) => isIn(name, STORIES));
// One more than there are cores: a story waits more than it works.
await runAll([...stories, ...usual.filter((name) => !stories.includes(name))], availableParallelism() + 1);
await runAll(repeated, 1);
await runAll(real, 2);
if (names.length === 0) console.log(`No test file matches ${positionals.join(", ")}.`);
if (values.quick)
  console.log(
    "Left out, and run by npm test: a bot that dies everywhere, a link that keeps coming and going, and real Flower (Linux, root).",
  );
console.log(tally.closing());
process.exitCode = tally.hasFailed ? 1 : 0;
