/** Looks at a zone again and again. One loop per zone, however many federations run in it. */
import type { ServiceFacts, VmFacts, ZoneSnapshot } from "../federation/model/zone-facts.ts";
import { PUBLISHED } from "../guest-protocol/names.ts";
import { nextLook, type Pace } from "./poll-interval.ts";

/** Time, as a test can hand it over. */
export interface PollClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs something later; what comes back calls it off. */
  after(milliseconds: number, run: () => void): () => void;
}

export interface PollerOptions {
  readonly zone: { services(): Promise<readonly ServiceFacts[]>; vms(): Promise<readonly VmFacts[]> };
  readonly policy: Pace;
  readonly clock: PollClock;
  /** From 0 to 1. */
  readonly chance?: () => number;
  /** The next look waits until this is done. */
  readonly onSnapshot: (snapshot: ZoneSnapshot) => void | Promise<void>;
  /** What a look, or `onSnapshot`, failed with. The poller goes on. */
  readonly onError: (error: unknown) => void;
}

export interface ZonePoller {
  /** Something is awaited in this zone since a moment (milliseconds since 1970); `null`: no longer. */
  expect(key: string, since: number | null): void;
  /** Look as soon as the pace allows: something was done in the zone. */
  pollSoon(): void;
  stop(): void;
}

/** While nothing is awaited the services, which are large, are read in every so many looks. */
const LOOKS_PER_SERVICES = 4;

export function createPoller(options: PollerOptions): ZonePoller {
  return new Poller(options);
}

class Poller implements ZonePoller {
  readonly #options: PollerOptions;
  readonly #awaited = new Map<string, number>();
  #services: readonly ServiceFacts[] | undefined;
  #looks = 0;
  #quietLooks = 0;
  #failures = 0;
  #lastSeen = "";
  #lastStart: number;
  #looking = false;
  #wanted = false;
  #stopped = false;
  #callOff: () => void = () => undefined;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#lastStart = options.clock.now();
    this.#schedule(0);
  }

  expect(key: string, since: number | null): void {
    if (since === null) {
      this.#awaited.delete(key);
      return;
    }
    if (this.#awaited.get(key) === since) return;
    this.#awaited.set(key, since);
    if (!this.#looking && !this.#stopped) this.#schedule(this.#pause());
  }

  pollSoon(): void {
    this.#wanted = true;
    if (!this.#looking && !this.#stopped) this.#schedule(this.#pause());
  }

  stop(): void {
    this.#stopped = true;
    this.#callOff();
  }

  /** Milliseconds from now until the next look. */
  #pause(): number {
    const { clock, policy, chance = Math.random } = this.#options;
    const now = clock.now();
    const interval = nextLook(policy, {
      now,
      awaitedSince: [...this.#awaited.values()],
      quietLooks: this.#quietLooks,
      failures: this.#failures,
      chance: chance(),
    });
    const wanted = this.#wanted && this.#failures === 0 ? policy.fastest : interval;
    return Math.max(0, this.#lastStart + wanted - now);
  }

  #schedule(pause: number): void {
    this.#callOff();
    this.#callOff = this.#options.clock.after(pause, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#looking = true;
    this.#wanted = false;
    this.#lastStart = this.#options.clock.now();
    try {
      const snapshot = await this.#read();
      this.#judge(snapshot);
      if (!this.#stopped) await this.#options.onSnapshot(snapshot);
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      if (!this.#stopped) this.#options.onError(error);
    }
    this.#looking = false;
    if (!this.#stopped) this.#schedule(this.#pause());
  }

  async #read(): Promise<ZoneSnapshot> {
    const { zone } = this.#options;
    const at = new Date(this.#lastStart).toISOString();
    const due = this.#awaited.size > 0 || this.#looks % LOOKS_PER_SERVICES === 0;
    this.#looks += 1;
    const kept = due ? undefined : this.#services;
    const [services, vms] = await Promise.all([kept ?? zone.services(), zone.vms()]);
    this.#services = services;
    return { at, services, vms };
  }

  /** A heartbeat that moves is no news, and CONTEXT never changes. */
  #judge({ services, vms }: ZoneSnapshot): void {
    const told = vms.map(({ context: _fixed, attributes, ...vm }) => ({
      ...vm,
      attributes: { ...attributes, [PUBLISHED.heartbeat]: "" },
    }));
    const seen = JSON.stringify([services, told]);
    this.#quietLooks = seen === this.#lastSeen ? this.#quietLooks + 1 : 0;
    this.#lastSeen = seen;
  }
}
