/**
 * How long people wait from the last approval until every site serves, beside the same by hand: services created with
 * the same calls, VMs looked at ten times a second, and guests that are ready a moment after they run. The zones take
 * their time as a real front-end was measured to; the bot has the usual policy.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { type Sandbox, startSandbox } from "../../sandbox/composition.ts";
import { Stage, superNodesLabel } from "../../sandbox/story/stage.ts";
import { homeChannel, type SandboxZonesFile, zoneChannel } from "../../sandbox/zones-file.ts";
import { until } from "../waiting.ts";
import { atMost, type Figure, median, ratioAtMost } from "./figures.ts";
import { measure } from "./measuring.ts";
import { rolloutByHand } from "./rollout-by-hand.ts";

const COORDINATOR = "zone-a";
const TRAINING = ["zone-b", "zone-c"] as const;
const SUPERNODES = 2;
const NAME = "paced";
const RUNS = 3;

/** Calls that one zone may get from the last approval until all serve. */
const MOST_CALLS = 60;

/** From the last approval, in milliseconds; the last of all sites where there are several. */
interface Rollout {
  readonly steps: ReadonlyMap<string, number>;
  /** All sites up by the journal. */
  readonly serves: number;
  /** The thread says so of each. */
  readonly told: number;
  /** Of the zone that got most. */
  readonly calls: number;
}

const line = z.object({
  at: z.iso.datetime(),
  events: z.array(z.looseObject({ type: z.string(), site: z.string().optional() })),
});
type Moment = { readonly at: number; readonly type: string; readonly site: string | undefined };

/** What is told of it, and which events end it. */
const STEPS: readonly (readonly [string, (moment: Moment) => boolean])[] = [
  ["the coordinator's attempt begins", ({ type, site }) => type === "attempt-started" && site === COORDINATOR],
  ["its service template is registered", ({ type, site }) => type === "template-registered" && site === COORDINATOR],
  ["its service is created", ({ type, site }) => type === "deployment-created" && site === COORDINATOR],
  ["its VM has booted and asks for a certificate", ({ type }) => type === "certificate-issued"],
  ["its certificate is handed over", ({ type }) => type === "certificate-delivered"],
  ["it serves and is verified", ({ type }) => type === "coordinator-verified"],
  ["training sites' attempts begin", ({ type, site }) => type === "attempt-started" && site !== COORDINATOR],
  [
    "their service templates are registered",
    ({ type, site }) => type === "template-registered" && site !== COORDINATOR,
  ],
  ["their services are created", ({ type, site }) => type === "deployment-created" && site !== COORDINATOR],
  ["their VMs have booted and told their keys", ({ type }) => type === "key-accepted"],
  ["the SuperLink has registered the keys", ({ type }) => type === "keys-registered"],
  ["the SuperNodes are told so", ({ type }) => type === "vm-told-admitted"],
  ["the SuperLink sees them all", ({ type, site }) => type === "site-up" && site !== COORDINATOR],
];

async function rolloutByBot(): Promise<Rollout> {
  const sandbox = await startSandbox({
    zones: 3,
    speed: 1,
    seed: "bench",
    portBase: 0,
    pace: "lab",
    configure: asShipped,
  });
  try {
    return await measured(sandbox);
  } finally {
    await sandbox.stop();
  }
}

/** How often the bot looks, tries and writes is left to what ships. */
function asShipped({ policy, ...rest }: SandboxZonesFile): object {
  const { polling: _polling, retries: _retries, slack: _slack, conditions: _conditions, ...durations } = policy;
  return { ...rest, policy: durations };
}

async function measured(sandbox: Sandbox): Promise<Rollout> {
  const stage = new Stage(sandbox);
  const fields = Object.fromEntries(TRAINING.map((zone) => [superNodesLabel(zone), String(SUPERNODES)]));
  await stage.askFor({ name: NAME, coordinator: COORDINATOR, training: TRAINING, fields });
  await stage.approve(TRAINING);
  await stage.owner(COORDINATOR).messageWith(zoneChannel(COORDINATOR), "Approve");
  // Whoever presses a button reads first; the looks after the approvals before it are over by then.
  await pause(2_000);
  const before = await callsOf(stage);
  await stage.approve([COORDINATOR]);
  const moments = await until(
    "all sites up",
    () => momentsOf(sandbox),
    (all) => TRAINING.every((zone) => all.some(({ type, site }) => type === "site-up" && site === zone)),
  );
  const after = await callsOf(stage);
  await Promise.all(TRAINING.map((zone) => stage.isUp(zone)));
  const began = last(moments, ({ type, site }) => type === "site-approved" && site === COORDINATOR);
  return {
    steps: new Map(STEPS.map(([step, ends]) => [step, last(moments, ends) - began])),
    serves: last(moments, ({ type }) => type === "site-up") - began,
    told: (await toldAt(stage)) - began,
    calls: Math.max(...[...after].map(([zone, calls]) => calls - (before.get(zone) ?? 0))),
  };
}

function last(moments: readonly Moment[], fits: (moment: Moment) => boolean): number {
  const found = moments.filter(fits).at(-1);
  if (found === undefined) throw new Error("The journal lacks a step of the rollout.");
  return found.at;
}

async function callsOf(stage: Stage): Promise<ReadonlyMap<string, number>> {
  const sum = (calls: Readonly<Record<string, number>>): number => Object.values(calls).reduce((a, b) => a + b, 0);
  return new Map(
    await Promise.all(
      stage.zoneNames.map(async (zone) => {
        const { xmlRpc, oneFlow } = await stage.zones.load(zone);
        return [zone, sum(xmlRpc.calls) + sum(oneFlow.calls)] as const;
      }),
    ),
  );
}

async function momentsOf(sandbox: Sandbox): Promise<readonly Moment[]> {
  const data = join(sandbox.directory, "data");
  const [journal] = (await readdir(data)).filter((file) => file.endsWith(".jsonl"));
  if (journal === undefined) return [];
  const lines = (await readFile(join(data, journal), "utf8")).split("\n").filter((text) => text.endsWith("}"));
  return lines.flatMap((text) => {
    const { at, events } = line.parse(JSON.parse(text));
    return events.map(({ type, site }) => ({ at: Date.parse(at), type, site }));
  });
}

/** When the last of the training sites was told to be up: a message's `ts` is the second it was posted in. */
async function toldAt(stage: Stage): Promise<number> {
  const { messages } = await stage.slack.channel(homeChannel);
  const told = messages.flatMap(({ replies }) => replies).filter(({ text }) => / is up: /.test(text));
  return Math.max(...told.map(({ ts }) => Number(ts) * 1000));
}

await measure(async ({ quick }) => {
  const runs: Rollout[] = [];
  const floors: number[] = [];
  for (let run = 0; run < (quick ? 1 : RUNS); run += 1) {
    floors.push(await rolloutByHand(TRAINING.length, SUPERNODES));
    runs.push(await rolloutByBot());
  }
  const peer = { name: "by hand", value: median(floors) };
  const of = (value: (run: Rollout) => number): number => median(runs.map(value));
  const shared = { unit: "ms", peer, targets: [ratioAtMost(1.4)] } as const;
  const figures: Figure[] = [
    { subject: "last approval to all sites serving", value: of(({ serves }) => serves), ...shared },
    { subject: "last approval to all sites told to serve", value: of(({ told }) => told), ...shared, targets: [] },
    {
      subject: "calls to one zone for that",
      value: of(({ calls }) => calls),
      unit: "calls",
      peer: null,
      targets: [atMost(MOST_CALLS)],
    },
  ];
  const steps = STEPS.map(([step]): Figure => {
    const value = of((run) => run.steps.get(step) ?? Number.NaN);
    return { subject: `last approval until ${step}`, value, unit: "ms", peer: null, targets: [] };
  });
  return [...figures, ...steps];
});
