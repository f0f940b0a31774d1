/** A federation whose zones are looked at, as the bot's watch does: what is seen, what stands, what is told. */
import { zoneOf } from "../../src/federation/model/identity.ts";
import { type AwayZones, findingsOf } from "../../src/federation/observing/findings.ts";
import { NO_TRACK, type Tracker, track } from "../../src/federation/observing/hysteresis.ts";
import { type LiveFederation, NOTHING_SEEN, seenLive } from "../../src/federation/observing/live.ts";
import { observeLive, observeSite } from "../../src/federation/observing/observation.ts";
import { dueTasks, type Task, taskKey } from "../../src/federation/running/due-tasks.ts";
import { Chronicle } from "./chronicle.ts";
import { SECOND, site } from "./decision-context.ts";

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
    for (const zone of new Set([...this.federation.sites.values()].map((site) => site.zone))) {
      if (!this.#away.has(zone)) this.#looksAt(zone, looking);
    }
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
    this.#away = new Map(this.#away).set(zoneOf(site(name)), { code, reason });
    return this.passes(SECOND).tells();
  }

  seesAgain(name: string): this {
    this.#away = new Map([...this.#away].filter(([away]) => away !== zoneOf(site(name))));
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
    const zone = zoneOf(site(name));
    const look = { snapshot: this.zone(name).snapshot(this.context.now), silent };
    for (const there of [...this.federation.sites.values()].filter((one) => one.zone === zone)) {
      this.happens(...observeSite(this.federation, there, look, this.context));
      this.#live = seenLive(this.#live, this.federation, there.name, look);
    }
    return this.happens(...observeLive(this.federation, this.#live));
  }
}
