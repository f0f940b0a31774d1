/**
 * Runs every compiled test below this folder, phase by phase, and tells at the end what became of all of them.
 *
 * Ends with 1 when a test failed, a file crashed, or nothing was tested at all.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { run } from "node:test";
import { spec, type TestEvent } from "node:test/reporters";
import { parseArgs } from "node:util";
import { isStory, readingsOf } from "./processes.ts";
import { Tally } from "./tally.ts";

/** Real Flower: each waits more than it works, so two at a time disturb neither, nor what is repeated beside them. */
const REAL = "real/";
/** Waits for minutes and works hardly at all, so beside them it disturbs nobody. */
const WAITING = "real/long-cut";
/** The page in a headless Chromium. */
const BROWSER = "page/browser/";
/** A bot that dies some hundred times, a link that comes and goes as often, a VM that lies for a day, and 26 zones at once. */
const REPEATED = ["faults/crash", "faults/killed-at-tunnels", "story/noise", "story/hostile-day", "story/played"];
/** Whole stories told while something is in their way, or over the other transport; what they rest on is tested by itself. */
const DISTURBED = [
  "faults/",
  ...[
    ...["doubted-superlinks", "lying-superlinks", "lying-supernodes", "hostile-vms", "rebooted-vms"],
    ...["zones-that-go", "zones-that-keep-back", "renumbered-channels", "tunnel-faults"],
    ...["mixed-crossing", "over-http"],
  ].map((name) => `story/${name}`),
];
/** Told from beginning to end, of which a quick run tries the parts. */
const WHOLE = [
  "doctor/preparing-a-zone",
  ...["by-hand", "expiry", "gateways", "kinds-of-zones", "upgrade", "zone-pool"].map((name) => `story/${name}`),
];
/** The container image, which is built from nothing. */
const IMAGE = "delivery/";
/** What takes longest begins first, so that no core is left with nothing to do at the end. */
const LONGEST = [
  ...["doctor/", "slack/", "store/", "federation/", "guest-agent/", "opennebula/", "mutations/"],
  ...["faults/killed-at-gateway", "faults/killed-at-hub-gateway", "faults/killed-at-several-sites"],
  ...["story/upgrade", "story/doubted-superlinks", "story/expiry", "story/where-things-go", "story/zones-that-go"],
  ...[
    "faults/killed-at-creation-and-end",
    "faults/repeated-deliveries",
    "faults/slack-trouble",
    "faults/lost-answers",
    "story/mixed-crossing",
    "story/tunnel-faults",
    "story/unusual-zones",
  ],
];
/** Of what is tried very often, in a quick run. */
const QUICK_THOROUGHNESS = "0.1";

/** Milliseconds: far beyond what any process takes, so that one that waits for ever fails and says which it is. */
const LONGEST_FILE = 25 * 60_000;

const isIn = (name: string, places: readonly string[]): boolean => places.some((place) => name.startsWith(place));

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
const names = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.js"))
  .filter((name) => !(values.quick && isIn(name, [REAL, BROWSER, IMAGE, ...WHOLE, ...REPEATED, ...DISTURBED])))
  .filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
  .sort();
/** Processes at a time for each core, for a story waits more than it works; the whole run also has to pass on a busy machine. */
const PER_CORE = values.quick ? 3 : 2;
/** Of them those that take turns at the stories; in the whole run each story has a process of its own. */
const TELLERS_PER_CORE = 2;
const tally = new Tally((file) => relative(import.meta.dirname, file));
/** Holds what is made for this run alone. */
const place = mkdtempSync(join(tmpdir(), "florist-tests-"));

/** What every process of a quick run is told; a name that begins as the bot's own would be a mistake to it. */
function hurry(): void {
  const { env } = process;
  env["THOROUGHNESS"] ??= QUICK_THOROUGHNESS;
  env["PREPARED_KEYS"] = place;
  env["NODE_OPTIONS"] = `${env["NODE_OPTIONS"] ?? ""} --import=${import.meta.resolve("./prepared-keys.js")}`;
}

async function* counted(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  for await (const event of events) if (tally.take(event)) yield event;
}

async function runAll(chosen: readonly string[], concurrency: number): Promise<void> {
  if (chosen.length === 0) return;
  const tellers = values.quick ? { tellers: TELLERS_PER_CORE * availableParallelism() } : {};
  const readings = readingsOf({ folder: import.meta.dirname, names: chosen, place, ...tellers });
  for (const { file, holds } of readings) if (!holds.includes(file)) tally.awaits(holds);
  const files = readings.map(({ file }) => file);
  const report = Readable.from(counted(run({ files, concurrency, timeout: LONGEST_FILE }))).pipe(new spec());
  for await (const text of report) process.stdout.write(text);
}

const real = names.filter((name) => isIn(name, [REAL]));
const repeated = names.filter((name) => isIn(name, REPEATED));
const usual = names.filter((name) => !real.includes(name) && !repeated.includes(name));
function turn(name: string): number {
  const among = LONGEST.findIndex((place) => name.startsWith(place));
  return among >= 0 ? among : LONGEST.length + (isStory(name) ? 0 : 1);
}
try {
  if (values.quick) hurry();
  await runAll(
    usual.toSorted((one, other) => turn(one) - turn(other)),
    PER_CORE * availableParallelism(),
  );
  const waiting = real.filter((name) => name.startsWith(WAITING));
  await Promise.all([
    runAll(repeated, 1),
    runAll(waiting, 1),
    runAll(
      real.filter((name) => !waiting.includes(name)),
      2,
    ),
  ]);
} finally {
  rmSync(place, { recursive: true, force: true });
}
if (names.length === 0) console.log(`No test file matches ${positionals.join(", ")}.`);
if (values.quick)
  console.log(
    `Left out, and run by npm test: a bot that dies, deliveries, answers and zones that fail it (test/faults), a link that keeps coming and going, a hostile day, coordinators that are doubted, VMs that lie or are rebooted, zones that go, keep something back or change a channel's id, tunnels that fail, a federation that is reached in two ways, the whole story over HTTP, a story of a hundred zones, the main job with 26, a zone that is prepared as its document says, a zone pool, gateways, owners who do not decide in time, an upgraded bot, the play through tunnels, the sandbox's programs started one by one, nine in ten of the mutated inputs, foreign answers, walked states and hours of a flapping link, an RSA key made for each that needs one, the container image, the page in Chromium, and real Flower (Linux, root).`,
  );
console.log(tally.closing());
if (tally.hasFailed) console.log(`Stories were told as STORY_TURN=${process.env["STORY_TURN"] ?? 0} tells them.`);
process.exitCode = tally.hasFailed ? 1 : 0;
