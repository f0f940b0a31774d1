/** A federation whose zones are looked at, as the bot's watch does: what is seen, what stands, what is told. */
import { type AwayZones, findingsOf } from "../../src/federation/observing/findings.ts";
import { NO_TRACK, type Tracker, track } from "../../src/federation/observing/hysteresis.ts";
import { type LiveFederation, NOTHING_SEEN, seenLive } from "../../src/federation/observing/live.ts";
import { observeLive, observeZone } from "../../src/federation/observing/observation.ts";
import { dueTasks, type Task, taskKey } from "../../src/federation/running/due-tasks.ts";
import { Chronicle } from "./chronicle.ts";
import { SECOND, zone } from "./decision-context.ts";

interface Looking {
  /** VMs whose heartbeat has not moved for too long. */
  readonly silent?: ReadonlySet<number>;
}

export class Watched extends Chronicle {
  #live: LiveFederation = NOTHING_SEEN;
  #tracker: Tracker = NO_TRACK;
  #away: AwayZones = new Map();

  get live(): LiveFederation {
    return this.#live;
  }

  /** A second later the zone is looked at. */
  observes(name: string, looking: Looking = {}): this {
    return this.passes(SECOND).#looksAt(name, looking).tells();
  }

  /** A second later every zone is looked at. */
  observesAll(looking: Looking = {}): this {
    this.passes(SECOND);
    for (const name of this.federation.sites.keys()) if (!this.#away.has(name)) this.#looksAt(name, looking);
    return this.tells();
  }

  /** For so many seconds the zone is looked at each second. */
  watches(name: string, seconds: number, looking: Looking = {}): this {
    for (let second = 0; second < seconds; second += 1) this.observes(name, looking);
    return this;
  }

  watchesAll(seconds: number, looking: Looking = {}): this {
    for (let second = 0; second < seconds; second += 1) this.observesAll(looking);
    return this;
  }

  /** The zone cannot be looked at until `seesAgain`; a second later that is known. */
  losesSightOf(name: string, code: "zone-away" | "zone-account" = "zone-away"): this {
    const reason = { code: "zone-unreachable", detail: "ECONNREFUSED" } as const;
    this.#away = new Map(this.#away).set(zone(name), { code, reason });
    return this.passes(SECOND).tells();
  }

  seesAgain(name: string): this {
    this.#away = new Map([...this.#away].filter(([away]) => away !== name));
    return this.observes(name);
  }

  /** This program starts anew: what it had seen is forgotten, what it had journalled is not. */
  restarts(): this {
    this.#live = NOTHING_SEEN;
    this.#tracker = NO_TRACK;
    return this;
  }

  tasks(): readonly Task[] {
    return dueTasks(this.federation, this.#live, this.context);
  }

  /** What is due, as one phrase each. */
  due(): readonly string[] {
    return this.tasks().map(taskKey);
  }

  /** What is found now is held against what stands. */
  tells(): this {
    const findings = findingsOf(this.federation, this.#live, this.#away, this.context);
    const moment = { ms: this.elapsed, now: this.context.now };
    const { events, tracker } = track(this.#tracker, this.federation, findings, moment, this.context.policy.durations);
    this.#tracker = tracker;
    return this.happens(...events);
  }

  #looksAt(name: string, { silent = new Set<number>() }: Looking): this {
    const look = { snapshot: this.zone(name).snapshot(this.context.now), silent };
    this.happens(...observeZone(this.federation, this.site(name), look, this.context));
    this.#live = seenLive(this.#live, this.federation, zone(name), look);
    return this.happens(...observeLive(this.federation, this.#live));
  }
}
