/** What a look at a zone costs where nothing moves but heartbeats. */
import { setImmediate as breath } from "node:timers/promises";
import { isSettled } from "../../src/federation/model/state.ts";
import type { ZoneSnapshot } from "../../src/federation/model/zone-facts.ts";
import { Watch } from "../../src/rollout/watch.ts";
import type { FederationStore as Store } from "../../src/store/federation-store.ts";
import { FederationStore } from "../../src/store/federation-store.ts";
import { MINUTE, SECOND, zone } from "../builders/decision-context.ts";
import { memoryLog, NO_INDEX, NO_SNAPSHOTS } from "../builders/memory-log.ts";
import { type Figure, median } from "./figures.ts";
import { many, QUIET } from "./filling.ts";
import { measure } from "./measuring.ts";
import { cpuTime } from "./probe.ts";
import { CONTEXT, later, lookAt, runningStory, type Telling, teller } from "./stories.ts";

/** Federations in the zone that is looked at. */
const HERE = 10;
const ZONE = "beta";

/** A zone that is looked at, and what is known of the federations there and elsewhere. */
class Place {
  readonly #watch: Watch;
  readonly #first: ZoneSnapshot;
  #now: number;
  #looks = 0;
  #elapsed = 0;
  #next: ZoneSnapshot;

  private constructor(store: Store, first: ZoneSnapshot, now: number) {
    this.#first = first;
    this.#next = first;
    this.#now = now;
    this.#watch = new Watch({
      store,
      pollHints: () => ({ expect: () => undefined, pollSoon: () => undefined }),
      clock: () => this.#elapsed,
      onSeen: () => undefined,
    });
  }

  static async with(residents: readonly Telling[], all: readonly Telling[]): Promise<Place> {
    const log = memoryLog();
    for (const { id, recorded } of all) {
      const chain = log.begin(id);
      for (const { at, event } of recorded) await chain.append(at, [event], () => undefined);
    }
    const { policy, sites: zones, manifests, newCard } = CONTEXT;
    let now = Date.parse(residents[0]?.recorded.at(-1)?.at ?? "");
    const store = await FederationStore.open(
      { events: log, snapshots: NO_SNAPSHOTS, index: NO_INDEX },
      {
        context: { policy, sites: zones, manifests, newCard },
        now: () => new Date(now).toISOString(),
        isSettled,
        log: QUIET,
      },
    );
    now += MINUTE;
    const place = new Place(store, lookAt(ZONE, residents, new Date(now).toISOString()), now);
    for (const name of ["alpha", "beta", "gamma"]) {
      await place.#watch.see(zone(name), lookAt(name, residents, new Date(now).toISOString()));
    }
    place.prepare();
    return place;
  }

  /** What the next look will show, made before it is measured. */
  prepare(): void {
    this.#looks += 1;
    this.#elapsed += 10 * SECOND;
    this.#now += 10 * SECOND;
    this.#next = later(this.#first, new Date(this.#now).toISOString(), this.#looks);
  }

  /** CPU time of taking the look in, in milliseconds. */
  async look(): Promise<number> {
    const from = cpuTime();
    await this.#watch.see(zone(ZONE), this.#next);
    return cpuTime() - from;
  }
}

async function alternately(rounds: number, ...places: readonly [Place, Place]): Promise<readonly [number, number]> {
  const times: [number[], number[]] = [[], []];
  for (let nth = 0; nth < rounds; nth += 1) {
    for (const index of [0, 1] as const) {
      places[index].prepare();
      await breath();
      times[index].push(await places[index].look());
      await breath();
    }
  }
  return [median(times[0]), median(times[1])];
}

await measure(async ({ quick, watched }) => {
  const crowd = quick ? 100 : 1_000;
  const rounds = quick ? 30 : 200;
  const here = teller(runningStory());
  const elsewhere = teller(runningStory(["delta", "epsilon", "zeta"]));
  const residents = [...many(HERE, 1, here)];
  const few = await Place.with(residents, [...residents, ...many(10, HERE + 1, elsewhere)]);
  const much = await Place.with(residents, [...residents, ...many(crowd, HERE + 1, elsewhere)]);
  const subject = `a look at a zone of ${HERE} federations, ${crowd} elsewhere`;
  const [peer, value] = await watched(subject, () => alternately(rounds, few, much));
  const everybody = [...many(crowd, 1, here)];
  const crowded = await Place.with(everybody, everybody);
  const full = `a look at a zone of ${crowd} federations`;
  const [own] = await watched(full, () => alternately(Math.ceil(rounds / 10), crowded, few));
  const cpu = { unit: "ms", targets: [] } as const;
  return [
    { subject: `${subject}: CPU time`, value, peer: { name: "with 10 elsewhere", value: peer }, ...cpu },
    {
      subject: `${full}: CPU time for each federation`,
      value: own / crowd,
      peer: { name: `with ${HERE}`, value: value / HERE },
      ...cpu,
    },
  ] satisfies Figure[];
});
