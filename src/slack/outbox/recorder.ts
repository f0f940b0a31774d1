/** Hands to the receipts what has come to stand in Slack, each federation's in order, until they have taken it. */
import type { FederationId } from "../../federation/model/identity.ts";
import type { Log, Receipts } from "../../federation/ports.ts";
import type { Write } from "./book.ts";
import type { Clock } from "./clock.ts";
import { backoff, type Pace } from "./pace.ts";

interface Backlog {
  /** The newest of each key; the oldest key first. */
  readonly writes: Map<string, Write["entry"]>;
  writing: Promise<void> | null;
  failures: number;
  callOff: () => void;
  /** Who waits until all of it is taken. */
  readonly waiting: Set<() => void>;
}

export class Recorder {
  readonly #receipts: Receipts;
  readonly #clock: Clock;
  readonly #pace: Pace;
  readonly #log: Log;
  readonly #backlogs = new Map<FederationId, Backlog>();
  readonly #onTaken: (federation: FederationId) => void;

  /** `onTaken` is called whenever everything of a federation is recorded. */
  constructor(options: {
    readonly receipts: Receipts;
    readonly clock: Clock;
    readonly pace: Pace;
    readonly log: Log;
    readonly onTaken: (federation: FederationId) => void;
  }) {
    this.#receipts = options.receipts;
    this.#clock = options.clock;
    this.#pace = options.pace;
    this.#log = options.log;
    this.#onTaken = options.onTaken;
  }

  /** Ends after the first try. */
  async add(federation: FederationId, writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    const backlog = this.#backlogs.get(federation) ?? {
      writes: new Map(),
      writing: null,
      failures: 0,
      callOff: () => {},
      waiting: new Set(),
    };
    this.#backlogs.set(federation, backlog);
    for (const { key, entry } of writes) {
      backlog.writes.delete(key);
      backlog.writes.set(key, entry);
    }
    if (backlog.failures === 0) await this.#write(federation, backlog);
  }

  /** While something is not recorded, nothing more is sent for the federation: a crash would say it all twice. */
  isBehind(federation: FederationId): boolean {
    return this.#backlogs.has(federation);
  }

  /** Calls back when everything of the federation is recorded; what is answered calls it off. */
  whenTaken(federation: FederationId, then: () => void): () => void {
    const waiting = this.#backlogs.get(federation)?.waiting;
    waiting?.add(then);
    return () => waiting?.delete(then);
  }

  get isIdle(): boolean {
    return this.#backlogs.size === 0;
  }

  /** One more try for what is left, and no more. */
  async stop(): Promise<void> {
    for (const backlog of this.#backlogs.values()) backlog.callOff();
    await Promise.all([...this.#backlogs].map(([federation, backlog]) => this.#write(federation, backlog)));
    for (const backlog of this.#backlogs.values()) backlog.callOff();
  }

  #write(federation: FederationId, backlog: Backlog): Promise<void> {
    backlog.writing ??= this.#writeAll(federation, backlog).finally(() => {
      backlog.writing = null;
    });
    return backlog.writing;
  }

  async #writeAll(federation: FederationId, backlog: Backlog): Promise<void> {
    try {
      for (let next = first(backlog.writes); next !== undefined; next = first(backlog.writes)) {
        const [key, entry] = next;
        if (entry === "dropped") await this.#receipts.drop(federation, [key]);
        else await this.#receipts.record(federation, key, entry);
        if (backlog.writes.get(key) === entry) backlog.writes.delete(key);
      }
      backlog.failures = 0;
      this.#backlogs.delete(federation);
      this.#onTaken(federation);
      for (const then of backlog.waiting) then();
    } catch (error) {
      backlog.failures += 1;
      this.#log.error({ err: error, federation }, "The receipts did not take that a message was sent.");
      const wait = backoff(this.#pace, backlog.failures);
      backlog.callOff = this.#clock.after(wait, () => void this.#write(federation, backlog));
    }
  }
}

const first = <Key, Value>(map: ReadonlyMap<Key, Value>): readonly [Key, Value] | undefined =>
  map.entries().next().value;
