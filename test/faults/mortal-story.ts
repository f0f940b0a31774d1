/** The short story told by a bot that dies and is started again, and what its end is held to. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox, SandboxOptions } from "../../sandbox/composition.ts";
import { SANDBOX_GATEWAY, type SandboxZonesFile } from "../../sandbox/zones-file.ts";
import type { TunnelWay } from "../../src/federation/model/plan.ts";
import { pooled } from "../story/pooled-zones.ts";
import { startStory, withoutOneFlowIn } from "../story/story-sandbox.ts";
import { type Ending, type StoryWish, tellShortStory } from "./short-story.ts";

const MORTAL = "test/faults/mortal-bot.js";

const TRAINING = "zone-b";
const COORDINATOR = "zone-a";

const usually = { zones: 2, speed: 20, portBase: 0, here: false, transport: "socket" } as const;

/**
 * A bot that dies at every step takes longer than one that does not, and it need not rewrite a card in every life. What is
 * amiss for less than a minute is told in neither telling: on a busy machine it would be in one of them.
 */
const patient = (usual: SandboxZonesFile) => ({
  ...usual,
  policy: {
    ...usual.policy,
    boot: "20 min",
    serve: "20 min",
    removal: "20 min",
    slack: { ...usual.policy.slack, coalescing: "1500 ms" },
    conditions: { ...usual.policy.conditions, raise: "1 min" },
  },
});

const crossingBy = ({ zones }: SandboxZonesFile, way: TunnelWay, hubWay: TunnelWay) => {
  const ways = new Map([
    [TRAINING, way],
    [COORDINATOR, hubWay],
  ]);
  return Object.fromEntries(
    Object.entries(zones).map(([name, entry]) => [
      name,
      { ...entry, ...SANDBOX_GATEWAY, tunnel: ways.get(name) ?? "own" },
    ]),
  );
};

/** Without one of these: to a public address, one SuperNode, OneFlow in one of both zones, one training site. */
type Wish = Partial<StoryWish> & {
  /** Which zone has no OneFlow goes by it, where nothing is said of that. */
  readonly seed?: string;
  readonly withoutOneFlow?: readonly string[];
  /** Who is the hub of the tunnels: the SuperLink's VM, or a gateway before it. */
  readonly hubWay?: "own" | "gateway";
  readonly federated?: boolean;
  /**
   * How often the bot dies where only an event's number differs: while several sites are made at once, one of them is
   * always tried again under a new number, and without a bound none comes further. Without it as often as it comes.
   */
  readonly deathsAtALine?: number;
};

const storyOf = ({ hub = null, superNodes = 1, way = "own", training = [TRAINING] }: Wish): StoryWish => ({
  hub,
  superNodes,
  way,
  training,
});

/** The sites of the zone that trains, where it has several. */
function divided(zones: SandboxZonesFile["zones"], training: readonly string[]) {
  const names = training.flatMap((site) => (site.startsWith(`${TRAINING}/`) ? [site.slice(TRAINING.length + 1)] : []));
  const sites = Object.fromEntries(names.map((name) => [name, {}]));
  return Object.fromEntries(
    Object.entries(zones).map(([name, entry]) => [
      name,
      name === TRAINING && names.length > 0 ? { ...entry, train: { ...entry.train, sites } } : entry,
    ]),
  );
}

const optionsFor = ({
  seed = "crash",
  withoutOneFlow = withoutOneFlowIn(seed, usually.zones),
  way = "own",
  hubWay = "own",
  federated = false,
  training = [TRAINING],
}: Wish): SandboxOptions => ({
  ...usually,
  seed,
  withoutOneFlow,
  federated,
  configure: (usual) => {
    const file = { ...patient(usual), zones: divided(crossingBy(usual, way, hubWay), training) };
    return federated ? pooled(file) : file;
  },
});

export function assertSameEnd(ending: Ending, undisturbed: Ending): void {
  assert.deepEqual(ending.zones, undisturbed.zones);
  assert.deepEqual(ending.journal, undisturbed.journal);
}

/** Each of these is part of a line at which the bot died. */
export function assertDiedAt(deaths: readonly string[], places: readonly (string | RegExp)[]): void {
  for (const place of places) {
    const isThere = (death: string): boolean => (typeof place === "string" ? death.includes(place) : place.test(death));
    assert.ok(deaths.some(isThere), `it never died at ${place}`);
  }
}

/** Every message stands once; another copy only where the bot died between posting it and noting that. */
export function assertCopiesHarmless(ending: Ending, undisturbed: Ending, deaths: readonly string[]): void {
  let strays = 0;
  for (const [text, { known, stray }] of ending.copies) {
    const usual = undisturbed.copies.get(text) ?? { known: 0, stray: 0 };
    // What the bot was about to rewrite when it died may stand there in an older wording.
    if (usual.known > 0) assert.equal(known, usual.known, `${known} copies of: ${text}`);
    strays += stray - usual.stray;
  }
  assert.ok(strays <= deaths.length, `${strays} stray copies after ${deaths.length} deaths`);
  for (const text of undisturbed.copies.keys()) assert.ok(ending.copies.has(text), `missing: ${text}`);
}

/** The story with the bot that ships. */
export async function undisturbedStory(wish: Wish = {}): Promise<Ending> {
  const sandbox = await startStory(optionsFor(wish));
  try {
    return await tellShortStory(sandbox, storyOf(wish));
  } finally {
    await sandbox.stop();
  }
}

/** The story with a bot that dies at every checkpoint that the pattern names, and is started again each time. */
export async function mortalStory(
  pattern: string,
  wish: Wish = {},
): Promise<{ ending: Ending; deaths: readonly string[] }> {
  const directory = await mkdtemp(join(tmpdir(), "florist-deaths-"));
  const file = join(directory, "deaths");
  const sandbox = await startStory({
    ...optionsFor(wish),
    bot: MORTAL,
    botArgs: [file, pattern, String(wish.deathsAtALine ?? Infinity)],
  });
  const revival = revive(sandbox);
  try {
    const ending = await tellShortStory(sandbox, storyOf(wish));
    return { ending, deaths: existsSync(file) ? (await readFile(file, "utf8")).trim().split("\n") : [] };
  } finally {
    await revival.stop();
    await sandbox.stop();
    await rm(directory, { recursive: true });
  }
}

/** Starts the bot again whenever it has died, until told to stop. */
function revive(sandbox: Sandbox): { stop(): Promise<void> } {
  let wanted = true;
  let tellStop = (): void => undefined;
  const told = new Promise<void>((resolve) => {
    tellStop = resolve;
  });
  const loop = (async () => {
    while (wanted) {
      const { child } = sandbox.bot;
      if (child.exitCode === null && child.signalCode === null) await Promise.race([once(child, "exit"), told]);
      // It may die again before it is ready; then it is started once more.
      if (wanted) await sandbox.restartBot().catch(() => undefined);
    }
  })();
  return {
    async stop() {
      wanted = false;
      tellStop();
      await loop;
    },
  };
}
