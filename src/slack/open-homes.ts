/**
 * Homes that somebody has opened, kept as what they tell of changes. Slack does not say when one is closed: each is kept
 * for a while, few of them, and nothing is done while there is none.
 */
import type { HomeView } from "@slack/types";
import { canonical, sha256 } from "../federation/model/digest.ts";
import type { FederationId, Person } from "../federation/model/identity.ts";
import type { Log } from "../federation/ports.ts";
import { type Clock, monotonicClock } from "./outbox/clock.ts";
import { failureOf, type SlackFailure } from "./slack-error.ts";

export interface OpenHomesOptions {
  readonly draw: (person: Person) => Promise<{
    readonly view: HomeView;
    readonly federations: ReadonlySet<FederationId>;
  }>;
  /** Whether a federation that a home does not tell of yet may be to be seen there. */
  readonly mayConcern: (person: Person, federation: FederationId) => boolean;
  readonly publish: (person: Person, view: HomeView) => Promise<void>;
  /** Milliseconds: changes of so long are drawn together, and the first pause after a failure. */
  readonly pace: { readonly coalescing: number; readonly retry: number };
  readonly clock?: Clock;
  readonly log: Log;
}

interface OpenHome {
  readonly person: Person;
  readonly openedAt: number;
  federations: ReadonlySet<FederationId>;
  /** What Slack shows, hashed; null while nothing was published. */
  shown: string | null;
  /** When it is to be drawn, by the clock; null: it is as it should be. */
  due: number | null;
  failures: number;
}

/** Homes that are kept, and how long after each was opened. */
export const MOST_HOMES = 50;
const KEPT_MS = 3_600_000;
/** Failures in a row after which a home waits until it is opened again. */
const MOST_FAILURES = 5;

export class OpenHomes {
  readonly #options: OpenHomesOptions;
  readonly #clock: Clock;
  /** By user, the one opened last at the end. */
  readonly #homes = new Map<string, OpenHome>();
  #callOff: () => void = () => undefined;
  #isDrawing = false;
  #isStopped = false;
  /** Before this nothing is drawn that was not just opened. */
  #restsUntil = Number.NEGATIVE_INFINITY;

  constructor(options: OpenHomesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? monotonicClock;
  }

  /** Somebody looks at their home now. */
  open(person: Person): void {
    const now = this.#clock.now();
    const before = this.#homes.get(person.user);
    this.#homes.delete(person.user);
    this.#homes.set(person.user, {
      person,
      openedAt: now,
      federations: before?.federations ?? new Set(),
      shown: null,
      due: now,
      failures: 0,
    });
    for (const oldest of this.#homes.keys()) {
      if (this.#homes.size <= MOST_HOMES) break;
      this.#homes.delete(oldest);
    }
    this.#plan();
  }

  /** Something about the federation has changed, or where its messages stand. A new one may be for anybody to see. */
  changed(federation: FederationId, { isNew = false }: { readonly isNew?: boolean } = {}): void {
    if (this.#homes.size === 0) return;
    const now = this.#clock.now();
    for (const [user, home] of this.#homes) {
      if (home.openedAt + KEPT_MS <= now) this.#homes.delete(user);
      else if (home.due === null && (isNew || this.#concerns(home, federation))) {
        home.due = now + this.#options.pace.coalescing;
      }
    }
    this.#plan();
  }

  stop(): void {
    this.#isStopped = true;
    this.#callOff();
  }

  #concerns({ federations, person }: OpenHome, federation: FederationId): boolean {
    return federations.has(federation) || this.#options.mayConcern(person, federation);
  }

  /** One home is drawn at a time: that which has waited longest. */
  #plan(): void {
    if (this.#isDrawing || this.#isStopped) return;
    this.#callOff();
    const next = this.#next();
    if (next === null) return;
    this.#callOff = this.#clock.after(next.at - this.#clock.now(), () => void this.#draw(next.home));
  }

  #next(): { readonly home: OpenHome; readonly at: number } | null {
    let found: { readonly home: OpenHome; readonly at: number } | null = null;
    for (const home of this.#homes.values()) {
      if (home.due === null) continue;
      const isNew = home.shown === null && home.failures === 0;
      const at = isNew ? home.due : Math.max(home.due, this.#restsUntil);
      if (found === null || at < found.at) found = { home, at };
    }
    return found;
  }

  async #draw(home: OpenHome): Promise<void> {
    this.#isDrawing = true;
    home.due = null;
    try {
      const { view, federations } = await this.#options.draw(home.person);
      home.federations = federations;
      const content = sha256(canonical(view));
      if (content !== home.shown) await this.#options.publish(home.person, view);
      home.shown = content;
      home.failures = 0;
    } catch (error) {
      this.#failed(home, failureOf(error));
    }
    this.#restsUntil = Math.max(this.#restsUntil, this.#clock.now() + this.#options.pace.coalescing);
    this.#isDrawing = false;
    this.#plan();
  }

  #failed(home: OpenHome, failure: SlackFailure): void {
    home.failures += 1;
    const now = this.#clock.now();
    if (failure.kind === "rate-limited") this.#restsUntil = now + failure.waitMs;
    else if (failure.kind === "refused" || home.failures >= MOST_FAILURES) {
      const { person } = home;
      if (this.#homes.get(person.user) === home) this.#homes.delete(person.user);
      this.#options.log.warn({ person, error: failure.error }, "Somebody's home in Slack could not be shown.");
      return;
    }
    home.due = now + this.#options.pace.retry * 2 ** (home.failures - 1);
  }
}
