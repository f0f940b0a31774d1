/**
 * Measures what the bot costs and prints one table: each figure beside its peer of the same run. It is no test: it ends
 * with 0 whatever the figures are, and with 1 when something could not be measured.
 *
 * `--quick` takes smaller counts; other arguments choose the groups whose name contains one.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Figure, tableOf } from "./figures.ts";
import { measured } from "./measuring.ts";

const GROUPS = [
  "whole-bot",
  "store-start",
  "appends",
  "looks",
  "removals",
  "rollout",
  "flapping",
  "certificates",
  "tunnels",
] as const;

/** Milliseconds after which a group counts as broken. */
const PATIENCE = 480_000;

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false } },
  allowPositionals: true,
});

async function figuresOf(group: string): Promise<readonly Figure[]> {
  const child = fork(join(import.meta.dirname, `${group}.js`), values.quick ? ["--quick"] : [], {
    // It passes what it is told by whoever stops it on to the programs it started.
    signal: AbortSignal.timeout(PATIENCE),
    killSignal: "SIGTERM",
  });
  const said: unknown[] = [];
  child.on("message", (message) => said.push(message));
  const [code] = await once(child, "exit");
  if (code !== 0 || said.length === 0) throw new Error(`${group} ended with ${code} and without figures`);
  return measured.parse(said.at(-1));
}

const [processor] = cpus();
const memory = Math.round(totalmem() / 2 ** 30);
const load = (): string => loadavg()[0]?.toFixed(1) ?? "unknown";
console.log(
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${availableParallelism()} cores (${processor?.model.trim()}), ${memory} GB of memory, ${process.platform}`,
);
console.log(`Load before: ${load()}${values.quick ? "; quick: smaller counts" : ""}\n`);

const figures: Figure[] = [];
const broken: string[] = [];
for (const group of GROUPS.filter(
  (name) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
)) {
  try {
    console.error(`measuring: ${group}`);
    figures.push(...(await figuresOf(group)));
  } catch (error) {
    broken.push(`${group} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
  }
}
console.log(tableOf(figures));
console.log(`\nLoad after: ${load()}`);
for (const line of broken) console.error(line);
process.exitCode = broken.length === 0 ? 0 : 1;
