/** Looks at a zone again and again. One loop per zone, however many federations run in it. */
import type { AccountFacts, ZoneSnapshot } from "../federation/model/zone-facts.ts";
import type { Awaited, LookFailure, PollHints } from "../federation/ports.ts";
import type { SeenServices } from "./account-documents.ts";
import type { SeenVms } from "./account-vms.ts";
import { News } from "./news.ts";
import { nextLook, type Pace } from "./poll-interval.ts";
import { snapshotOf } from "./zone.ts";

/** Time, as a test can hand it over. */
export interface PollClock {
  /** Milliseconds by a clock that nobody sets: pauses and ages are counted with it. */
  now(): number;
  /** ISO 8601: what the calendar says, for the record only. */
  date(): string;
  /** Runs something later; what comes back calls it off. */
  after(milliseconds: number, run: () => void): () => void;
}

export interface PollerOptions {
  readonly zone: {
    account(): Promise<AccountFacts>;
    services(): Promise<SeenServices>;
    vms(): Promise<SeenVms>;
  };
  readonly policy: Pace;
  readonly clock: PollClock;
  /** From 0 to 1. */
  readonly chance?: () => number;
  /** The next look waits until this is done. */
  readonly onSnapshot: (snapshot: ZoneSnapshot) => void | Promise<void>;
  /** A look, or `onSnapshot`, failed. The poller goes on; the next snapshot tells that it has recovered. */
  readonly onError: (failure: LookFailure) => void;
}

export interface ZonePoller extends PollHints {
  stop(): void;
}

/**
 * Services are large, and what is awaited is mostly VMs. They are read in every so many looks, and sooner while something
 * is awaited: then only what was read so many of the fastest pauses ago still counts.
 */
const LOOKS_PER_SERVICES = 4;
const AWAITED_LOOKS_PER_SERVICES = 12;
/** Whose answers these are changes hardly ever: asked in so many looks, and no sooner than after so many milliseconds, save after a failure. */
const LOOKS_PER_ACCOUNT = 20;
const ACCOUNT_COUNTS = 60_000;

export function createPoller(options: PollerOptions): ZonePoller {
  return new Poller(options);
}

interface ReadServices {
  readonly seen: SeenServices;
  readonly date: string;
  /** In which look, and when by the clock that nobody sets. */
  readonly look: number;
  readonly at: number;
}

interface Waiting {
  readonly what: string;
  /** By the clock that nobody sets. */
  readonly since: number;
  /** Milliseconds that count for the time it has been awaited, however long that is; null: the time itself. */
  readonly steady: number | null;
}

class Poller implements ZonePoller {
  readonly #options: PollerOptions;
  readonly #awaited = new Map<string, Waiting>();
  readonly #news = new News();
  #account: { readonly facts: AccountFacts; readonly look: number; readonly at: number } | undefined;
  #services: ReadServices | undefined;
  #looks = 0;
  #quietLooks = 0;
  #failed: { readonly count: number; readonly since: string } | undefined;
  #lastStart: number;
  /** Milliseconds that the last look took. */
  #lastTook = 0;
  #looking = false;
  #wanted = false;
  #stopped = false;
  #callOff: () => void = () => undefined;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#lastStart = options.clock.now();
    this.#schedule(0);
  }

  expect(key: string, awaited: Awaited | null): void {
    if (awaited === null) {
      this.#awaited.delete(key);
      return;
    }
    if (this.#awaited.get(key)?.what === awaited.what) return;
    const since = this.#options.clock.now() - Math.max(0, awaited.forMs);
    this.#awaited.set(key, { what: awaited.what, since, steady: awaited.steady === true ? awaited.forMs : null });
    this.#reschedule();
  }

  pollSoon(): void {
    this.#wanted = true;
    this.#reschedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#callOff();
  }

  #reschedule(): void {
    if (!this.#looking && !this.#stopped) this.#schedule(this.#pause());
  }

  /** Milliseconds from now until the next look. A zone that is slow to answer is left alone for as long as it took. */
  #pause(): number {
    const { clock, policy, chance = Math.random } = this.#options;
    const now = clock.now();
    const interval = nextLook(policy, {
      awaitedFor: [...this.#awaited.values()].map(({ since, steady }) => steady ?? now - since),
      quietLooks: this.#quietLooks,
      failures: this.#failed?.count ?? 0,
      chance: chance(),
    });
    const wanted = this.#wanted && this.#failed === undefined ? policy.fastest : interval;
    return Math.max(0, this.#lastStart + Math.max(wanted, 2 * this.#lastTook) - now);
  }

  #schedule(pause: number): void {
    this.#callOff();
    this.#callOff = this.#options.clock.after(pause, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { clock } = this.#options;
    const at = clock.date();
    this.#looking = true;
    this.#wanted = false;
    this.#lastStart = clock.now();
    const snapshot = await this.#attempt("zone", at, () => this.#read(at));
    this.#lastTook = Math.min(this.#options.policy.slowest, clock.now() - this.#lastStart);
    if (snapshot !== undefined && (await this.#attempt("conclusion", at, () => this.#show(snapshot)))) {
      this.#failed = undefined;
    }
    this.#looking = false;
    this.#reschedule();
  }

  /** Nothing when it failed, which is told. */
  async #attempt<T>(of: LookFailure["of"], at: string, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      this.#failed = { count: (this.#failed?.count ?? 0) + 1, since: this.#failed?.since ?? at };
      // What stands behind the address may be another zone, or have another database, when it answers again.
      if (of === "zone") this.#account = undefined;
      const { count: failures, since } = this.#failed;
      if (!this.#stopped) this.#options.onError({ error, of, failures, since });
      return undefined;
    }
  }

  async #show(snapshot: ZoneSnapshot): Promise<true> {
    this.#quietLooks = this.#news.isIn(snapshot) ? 0 : this.#quietLooks + 1;
    if (!this.#stopped) await this.#options.onSnapshot(snapshot);
    return true;
  }

  async #read(at: string): Promise<ZoneSnapshot> {
    const { zone } = this.#options;
    const account = await this.#readAccount();
    const [services, vms] = await Promise.all([this.#readServices(at), zone.vms()]);
    this.#looks += 1;
    return snapshotOf(at, account, services.seen, services.date, vms);
  }

  async #readServices(date: string): Promise<ReadServices> {
    if (this.#services !== undefined && this.#stillCounts(this.#services)) return this.#services;
    const [look, at] = [this.#looks, this.#lastStart];
    this.#services = { seen: await this.#options.zone.services(), date, look, at };
    return this.#services;
  }

  #stillCounts({ look, at }: ReadServices): boolean {
    return [...this.#awaited.values()].some(({ steady }) => steady === null)
      ? this.#lastStart - at < AWAITED_LOOKS_PER_SERVICES * this.#options.policy.fastest
      : this.#looks - look < LOOKS_PER_SERVICES;
  }

  async #readAccount(): Promise<AccountFacts> {
    const known = this.#account;
    const at = this.#lastStart;
    if (known !== undefined && (this.#looks - known.look < LOOKS_PER_ACCOUNT || at - known.at < ACCOUNT_COUNTS))
      return known.facts;
    const facts = await this.#options.zone.account();
    this.#account = { facts, look: this.#looks, at };
    return facts;
  }
}
