/** What a zone is asked when services are removed from it, one or many at the same time. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { FederationId, ZoneName } from "../../src/federation/model/identity.ts";
import type { Federation } from "../../src/federation/model/state.ts";
import { Scheduler } from "../../src/rollout/scheduler.ts";
import type { TaskContext } from "../../src/rollout/task-context.ts";
import { Watch } from "../../src/rollout/watch.ts";
import type { FederationStore } from "../../src/store/federation-store.ts";
import { retire } from "../builders/commands.ts";
import { zone } from "../builders/decision-context.ts";
import { inDirectory } from "./directories.ts";
import { type Figure, ratioAtMost } from "./figures.ts";
import { fill, many, openFilled, QUIET } from "./filling.ts";
import { measure } from "./measuring.ts";
import { ScriptedZone } from "./scripted-zone.ts";
import { lookAt, runningStory, type Telling, teller } from "./stories.ts";

const ZONE = zone("beta");
/** VMs of each service. */
const VMS = 5;
/** Ten times as fast as usual: milliseconds that a service takes to end, between looks, and between tries. */
const TAKES = 1_000;
const LOOKS = { every: 200, atMost: 300 } as const;
const TRIES = { retryFirst: 200, retryMost: 3_000 } as const;

interface Outcome {
  readonly callsPerService: number;
  readonly looks: number;
}

async function remove(directory: string, tellings: readonly Telling[], port: ScriptedZone): Promise<Outcome> {
  await fill(directory, tellings);
  const opened = await openFilled(directory);
  const store = opened.federations;
  const watch = new Watch({
    store,
    pollHints: () => NO_HINTS,
    clock: () => performance.now(),
    onSeen: (id) => scheduler.attend(id),
  });
  const scheduler = new Scheduler(contextOf(store, watch, port), TRIES);
  scheduler.start();
  let looks = 0;
  for (; looks < LOOKS.atMost && isLeft(store, tellings); looks += 1) {
    await watch.see(ZONE, port.look());
    await pause(LOOKS.every);
  }
  await scheduler.stop();
  const left = isLeft(store, tellings);
  await opened.close();
  if (left) throw new Error("Not all services were removed.");
  return { callsPerService: port.calls / tellings.length, looks };
}

const NO_HINTS = { expect: () => undefined, pollSoon: () => undefined };

const isLeft = (store: FederationStore, tellings: readonly Telling[]): boolean =>
  tellings.some(({ id }) => removalsOf(store.get(id)) > 0);

const removalsOf = (federation: Federation | undefined): number => federation?.sites.get(ZONE)?.removals.length ?? 0;

function contextOf(store: FederationStore, watch: Watch, port: ScriptedZone): TaskContext {
  const quiet = new ScriptedZone(
    {
      account: { id: 4, name: "florist", administrator: false },
      services: [],
      servicesAt: "",
      vms: [],
      unreadable: [],
    },
    0,
  );
  return {
    store,
    log: QUIET,
    trust: {
      ensureAuthority: unexpected,
      sign: unexpected,
      checkRequest: () => ({ ok: true }),
      checkAuthority: uncalled,
      checkChain: uncalled,
      destroy: async () => undefined,
      checkNodeProof: () => ({ ok: true }),
    },
    zone: (name: ZoneName) => (name === ZONE ? port : quiet),
    pollHints: () => NO_HINTS,
    latest: (name: ZoneName) => watch.latest(name),
    live: (id: FederationId) => watch.live(id),
  };
}

function uncalled(): never {
  throw new Error("a removal looks at no certificate");
}

async function unexpected(): Promise<never> {
  throw new Error("Nothing is to be certified while services are removed.");
}

await measure(async ({ quick, watched }) => {
  const sizes = quick ? [1, 10] : [1, 10, 50];
  // Its last SuperNodes are gone from the plan and still in the zone.
  const story = runningStory(["alpha", ZONE], VMS);
  const shown = teller(story);
  const told = teller(story.does(retire(ZONE)));
  const outcomes: (Outcome & { readonly size: number })[] = [];
  for (const size of sizes) {
    const tellings = [...many(size, 1, told)];
    const look = lookAt(ZONE, [...many(size, 1, shown)], "");
    const outcome = await watched(`removing ${size} services of ${VMS} VMs`, () =>
      inDirectory((parent) => remove(join(parent, "data"), tellings, new ScriptedZone(look, TAKES))),
    );
    outcomes.push({ ...outcome, size });
  }
  const [alone] = outcomes;
  return outcomes.flatMap(({ size, callsPerService }): Figure[] => [
    {
      subject: `removing ${size} services of ${VMS} VMs: calls for each`,
      value: callsPerService,
      unit: "calls",
      peer: size === 1 || alone === undefined ? null : { name: "for one alone", value: alone.callsPerService },
      targets: size === 1 ? [] : [ratioAtMost(1.2)],
    },
  ]);
});
