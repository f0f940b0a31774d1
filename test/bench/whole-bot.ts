/** The shipped program before the stand-ins: what its start, its idling and its acknowledgements cost. */
import { cp } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { type Program, startProgram } from "../../sandbox/program.ts";
import { ask } from "./asking.ts";
import { inDirectory } from "./directories.ts";
import { aboveAtMost, atMost, type Figure, quantile, ratioAtMost } from "./figures.ts";
import { fill, many } from "./filling.ts";
import { LONGEST_BLOCK, measure } from "./measuring.ts";
import { ENDED, LIVING, RUNNING } from "./population.ts";
import type { Costs } from "./probe.ts";
import { Commander } from "./requests.ts";
import { openStage, type Stage, type Tempo } from "./stage.ts";
import { endedStory, teller, waitingStory } from "./stories.ts";

const urlReady = z.object({ url: z.string() });

/** Seconds each. */
interface Times {
  /** That the living federations may take to come up. */
  readonly growth: number;
  /** After a start, until nothing of it is left to be done. */
  readonly settling: number;
  /** So long that each zone is looked at as often in every bot: twice at the usual pace. */
  readonly idling: number;
  /** Commands to one app, before it is the next one's turn; and how often it is each one's turn. */
  readonly turn: number;
  readonly turns: number;
}
const USUAL: Times = { growth: 150, settling: 35, idling: 60, turn: 2, turns: 10 };
const QUICK: Times = { growth: 150, settling: 15, idling: 15, turn: 1, turns: 4 };
const PER_SECOND = 50;
/** Where the numbers of federations begin. */
const NUMBERS = { ended: 1, waiting: 5_001 } as const;

type Bot = Program<{ readonly url: string }>;

const startBot = (stage: Stage, dataDirectory: string, tempo: Tempo): Promise<Bot> =>
  startProgram({
    entry: "florist.mjs",
    args: [],
    environment: {
      ...stage.environment(dataDirectory, tempo),
      NODE_OPTIONS: `--import=${import.meta.resolve("./measured.js")}`,
    },
    ready: urlReady,
  });

/** What zones, people and channels of stories are called where the stand-ins are. */
const ON_STAGE = new Map([
  ["alpha", "zone-a"],
  ["beta", "zone-b"],
  ["gamma", "zone-c"],
  ["CHOME", "C0FEDERATE"],
  ["THOST", "T0ASTER001"],
  ["UREQUESTER", "U0REQUEST1"],
]);

/** A data directory with living federations, some that run and some that wait, all of them told of in Slack. */
async function grow(stage: Stage, directory: string, { growth }: Times): Promise<void> {
  const grown = await startProgram({
    entry: "test/bench/growing.js",
    args: [String(RUNNING), String(growth)],
    environment: stage.environment(directory, "growing"),
    ready: z.object({ up: z.int() }),
  });
  await grown.stop();
  const { up } = grown.ready;
  if (up < RUNNING)
    throw new Error(
      `Only ${up} of ${RUNNING} federations came up within ${growth} s: the machine is too busy, or zones do not take them.`,
    );
  await fill(directory, many(LIVING - RUNNING, NUMBERS.waiting, teller(waitingStory(), ON_STAGE)));
  const bot = await startBot(stage, directory, "growing");
  await quiet(bot);
  await bot.stop();
}

/** Seconds after which a bot counts as busy with something that never ends. */
const MOST_QUIETING = 60;

/** Resolves when the bot has nothing left to do but to look. */
async function quiet({ child }: Bot): Promise<void> {
  let before = (await ask(child, "costs")).cpu;
  for (let second = 0; second < MOST_QUIETING; second += 2) {
    await pause(2_000);
    const { cpu } = await ask(child, "costs");
    // A tenth of a core is what quick looks at zones take.
    if (cpu - before < 200) return;
    before = cpu;
  }
}

/** A bot that serves, and what it had cost by then. */
interface Standing {
  readonly bot: Bot;
  readonly started: Costs;
}

async function stand(stage: Stage, dataDirectory: string): Promise<Standing> {
  const bot = await startBot(stage, dataDirectory, "usual");
  return { bot, started: await ask(bot.child, "costs") };
}

interface Rest {
  readonly started: Costs;
  /** MB. */
  readonly memory: number;
  /** Per cent of a core. */
  readonly idle: number;
}

/** What bots cost that are there at the same time: none of them has anything to do. */
async function atRest(standing: readonly Standing[], { settling, idling }: Times): Promise<readonly Rest[]> {
  const each = (asked: "costs" | "settled") => Promise.all(standing.map(({ bot }) => ask(bot.child, asked)));
  await pause(settling * 1_000);
  const clock = performance.now();
  const before = await each("costs");
  await pause(idling * 1_000);
  const after = await each("costs");
  const passed = performance.now() - clock;
  // Asked last: whoever is made to give memory back has to compile its code again with the next look.
  const settled = await each("settled");
  return standing.map(({ started }, nth) => ({
    started,
    memory: settled[nth]?.memory ?? Number.NaN,
    idle: (((after[nth]?.cpu ?? Number.NaN) - (before[nth]?.cpu ?? Number.NaN)) / passed) * 100,
  }));
}

interface Acknowledged {
  readonly times: readonly number[];
  /** CPU time in milliseconds for all of them. */
  readonly cpu: number;
  /** Milliseconds in which it could not run because others had the cores, and milliseconds that passed in all. */
  readonly waited: number;
  readonly passed: number;
  readonly block: number;
}

interface Commands {
  readonly commander: Commander;
  readonly signingSecret: string;
  readonly times: Times;
}

async function commanded(
  { child, ready: { url } }: Bot,
  { commander, signingSecret }: Commands,
  seconds: number,
): Promise<Acknowledged> {
  const before = await ask(child, "watch");
  const from = performance.now();
  const times = await commander.send({ url, signingSecret, perSecond: PER_SECOND, seconds });
  const { cpu, waited, block } = await ask(child, "costs");
  const passed = performance.now() - from;
  return { times, cpu: cpu - before.cpu, waited: waited - before.waited, passed, block };
}

/** Commands to each app in turn, again and again, so that what else the machine does meets them all alike. */
async function acknowledge(apps: readonly Bot[], commands: Commands): Promise<readonly Acknowledged[]> {
  const { turn, turns } = commands.times;
  // Nobody's first requests count: code is still being compiled.
  for (const app of apps) await commanded(app, commands, 2);
  const all = apps.map((): Acknowledged[] => []);
  for (let nth = 0; nth < turns; nth += 1) {
    for (const [index, app] of apps.entries()) all[index]?.push(await commanded(app, commands, turn));
  }
  return all.map(together);
}

function together(parts: readonly Acknowledged[]): Acknowledged {
  const sum = (of: (part: Acknowledged) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    times: parts.flatMap(({ times }) => times),
    cpu: sum(({ cpu }) => cpu),
    waited: sum(({ waited }) => waited),
    passed: sum(({ passed }) => passed),
    block: Math.max(...parts.map(({ block }) => block)),
  };
}

interface Seen {
  readonly label: string;
  readonly rest: Rest;
  readonly bot: Acknowledged;
  readonly bare: Acknowledged;
}

function figuresOf({ label, rest, bot, bare }: Seen, empty: Rest): readonly Figure[] {
  const beside = (value: number) => ({ name: "empty bot", value });
  const bolt = (value: number) => ({ name: "bare Bolt", value });
  return [
    {
      subject: `${label}: acknowledgement, p50`,
      value: quantile(bot.times, 0.5),
      unit: "ms",
      peer: bolt(quantile(bare.times, 0.5)),
      targets: [],
    },
    {
      subject: `${label}: acknowledgement, p99`,
      value: quantile(bot.times, 0.99),
      unit: "ms",
      peer: bolt(quantile(bare.times, 0.99)),
      targets: [ratioAtMost(1.5)],
    },
    {
      subject: `${label}: acknowledgement, slowest`,
      value: Math.max(...bot.times),
      unit: "ms",
      peer: bolt(Math.max(...bare.times)),
      targets: [atMost(1_000)],
    },
    {
      subject: `${label}: CPU time for each command`,
      value: bot.cpu / bot.times.length,
      unit: "ms",
      peer: bolt(bare.cpu / bare.times.length),
      targets: [],
    },
    {
      subject: `${label}: of that time others had the cores`,
      value: (bot.waited / bot.passed) * 100,
      unit: "%",
      peer: bolt((bare.waited / bare.passed) * 100),
      targets: [],
    },
    {
      subject: `${label}: longest block of the event loop while commands come`,
      value: bot.block,
      unit: "ms",
      peer: bolt(bare.block),
      targets: [atMost(LONGEST_BLOCK)],
    },
    {
      subject: `${label}: CPU time until it serves`,
      value: rest.started.cpu,
      unit: "ms",
      peer: beside(empty.started.cpu),
      targets: [atMost(1_500)],
    },
    {
      subject: `${label}: longest block of the event loop until it serves`,
      value: rest.started.block,
      unit: "ms",
      peer: beside(empty.started.block),
      targets: [atMost(LONGEST_BLOCK)],
    },
    {
      subject: `${label}: memory`,
      value: rest.memory,
      unit: "MB",
      peer: beside(empty.memory),
      targets: [aboveAtMost(120)],
    },
    {
      subject: `${label}: of a core when nothing moves`,
      value: rest.idle,
      unit: "%",
      peer: beside(empty.idle),
      targets: [atMost(1)],
    },
  ];
}

/** Copies of one data directory, each with so many ended federations beside the living ones. */
async function filled(grown: string, endings: readonly number[]): Promise<readonly string[]> {
  const tell = teller(endedStory());
  const made: string[] = [];
  for (const ended of endings) {
    const data = `${grown}-ended-${ended}`;
    // A lock is its process's own.
    await cp(grown, data, { recursive: true, filter: (path) => !basename(path).startsWith("florist.lock") });
    await fill(data, many(ended, NUMBERS.ended, tell));
    made.push(data);
  }
  return made;
}

/** Bots at rest together, an empty one first, then commands to each of the others. */
async function compare(
  stage: Stage,
  data: readonly string[],
  labels: readonly string[],
  times: Times,
): Promise<readonly Figure[]> {
  const standing: Standing[] = [];
  const commander = await new Commander().open();
  try {
    for (const one of data) standing.push(await stand(stage, one));
    const [empty, ...rests] = await atRest(standing, times);
    const { signingSecret } = stage;
    const bare = await startProgram({
      entry: "test/bench/bare-bolt.js",
      args: [],
      environment: { SLACK_SIGNING_SECRET: signingSecret },
      ready: urlReady,
    });
    const inhabited = standing.slice(1).map(({ bot }) => bot);
    const [ofBare, ...ofBots] = await acknowledge([bare, ...inhabited], { commander, signingSecret, times });
    await bare.stop();
    return rests.flatMap((rest, nth) => {
      const bot = ofBots[nth];
      if (empty === undefined || ofBare === undefined || bot === undefined) return [];
      return figuresOf({ label: labels[nth] ?? "", rest, bot, bare: ofBare }, empty);
    });
  } finally {
    for (const { bot } of standing) await bot.stop();
    await commander.close();
  }
}

await measure(async ({ quick }) => {
  const times = quick ? QUICK : USUAL;
  const endings = [ENDED.few, quick ? ENDED.quick : ENDED.most];
  return await inDirectory(async (directory) => {
    const stage = await openStage(directory);
    try {
      const grown = join(directory, "grown");
      await grow(stage, grown, times);
      const data = [join(directory, "empty"), ...(await filled(grown, endings))];
      const labels = endings.map((ended) => `${LIVING} living, ${ended} ended`);
      return await compare(stage, data, labels, times);
    } finally {
      await stage.stop();
    }
  });
});
