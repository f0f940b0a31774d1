/** Federations on disk: their chains, and snapshots that spare reading all of them. */
import type { FederationEvent } from "../federation/model/events.ts";
import { evolve } from "../federation/model/evolve.ts";
import type { FederationId } from "../federation/model/identity.ts";
import type { Federation } from "../federation/model/state.ts";
import type { Log, RecordedEvent } from "../federation/ports.ts";
import { DeferredWork } from "./deferred-work.ts";
import type { Chain, EventLog } from "./event-log.ts";
import { JournalError } from "./journal-error.ts";
import type { Snapshot, Snapshots } from "./snapshots.ts";

/** A federation in memory and the chain that it is the sum of. */
export interface Held {
  readonly federation: Federation;
  readonly chain: Chain<FederationEvent>;
}

export interface ArchiveOptions {
  readonly log: EventLog<FederationEvent>;
  readonly snapshots: Snapshots;
  /** Milliseconds that snapshots may lag behind their chains. */
  readonly snapshotDelay: number;
  readonly report: Log;
}

/** How many of those that were read for somebody are remembered in case they are asked for again. */
const REMEMBERED = 8;

/** The sum of events: begins with a state or with nothing. */
class Fold {
  state: Federation | null;

  constructor(state: Federation | null) {
    this.state = state;
  }

  readonly take = (entries: readonly RecordedEvent[]): void => {
    for (const entry of entries) this.state = evolved(this.state, entry);
  };
}

const evolved = (before: Federation | null, entry: RecordedEvent): Federation => {
  try {
    return evolve(before, entry);
  } catch (error) {
    throw new JournalError("journal-event", `Event ${entry.seq} cannot follow the events before it.`, error);
  }
};

/** What a federation is after more has happened. Throws `JournalError` when that could not have happened to it. */
export function fold(before: Federation | null, entries: readonly RecordedEvent[]): Federation {
  const sum = new Fold(before);
  sum.take(entries);
  if (sum.state === null) throw new JournalError("journal-event", "A federation begins with an event.");
  return sum.state;
}

export class Archive {
  readonly #options: ArchiveOptions;
  /** What snapshots are due of, in its newest state. */
  readonly #due = new Map<FederationId, Snapshot>();
  readonly #saving: DeferredWork;
  /** Least lately asked for first. */
  readonly #recalled = new Map<FederationId, Federation>();

  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.#saving = new DeferredWork(options.snapshotDelay, () => this.#saveAll());
  }

  begin(id: FederationId): Chain<FederationEvent> {
    return this.#options.log.begin(id);
  }

  /** Reads a federation and opens its chain; null when nothing was ever recorded. Throws `JournalError`. */
  async open(id: FederationId): Promise<Held | null> {
    const { log, snapshots } = this.#options;
    const snapshot = await snapshots.load(id);
    if (snapshot !== undefined) {
      const sum = new Fold(snapshot.federation);
      const chain = await quietly(() => log.open(id, snapshot.position, sum.take));
      if (chain !== null && sum.state !== null) return this.#opened(sum.state, chain, snapshot);
    }
    const sum = new Fold(null);
    const chain = await log.open(id, null, sum.take);
    return chain === null || sum.state === null ? null : this.#opened(sum.state, chain, undefined);
  }

  /** Reads a federation without changing anything; undefined when nothing was ever recorded. Throws `JournalError`. */
  async recall(id: FederationId): Promise<Federation | undefined> {
    const known = this.#recalled.get(id) ?? this.#due.get(id)?.federation;
    const federation = known ?? (await this.#read(id));
    if (federation !== undefined) this.#remember(federation);
    return federation;
  }

  /** All events up to `end` bytes of the chain. Throws `JournalError`. */
  async history(id: FederationId, end: number): Promise<readonly RecordedEvent[]> {
    const entries: RecordedEvent[] = [];
    await this.#options.log.read(
      id,
      null,
      (more) => {
        for (const entry of more) entries.push(entry);
      },
      end,
    );
    return entries;
  }

  /** Of a federation that cannot be read: its snapshot, or the sum of the events before the damage. */
  async lastKnown(id: FederationId): Promise<Federation | undefined> {
    const snapshot = await this.#options.snapshots.load(id);
    if (snapshot !== undefined) return snapshot.federation;
    const sum = new Fold(null);
    await quietly(() => this.#options.log.read(id, null, sum.take));
    return sum.state ?? undefined;
  }

  /** A snapshot is taken soon, of the newest state by then. */
  keep({ federation, chain }: Held): void {
    this.#due.set(federation.id, { federation, position: chain.position });
    this.#saving.soon();
  }

  /** Takes the snapshots that are due now. */
  flush(): Promise<void> {
    return this.#saving.now();
  }

  #opened(federation: Federation, chain: Chain<FederationEvent>, from: Snapshot | undefined): Held {
    const held = { federation, chain };
    if (from?.position.seq !== chain.position.seq) this.keep(held);
    return held;
  }

  async #read(id: FederationId): Promise<Federation | undefined> {
    const { log, snapshots } = this.#options;
    const snapshot = await snapshots.load(id);
    if (snapshot !== undefined) {
      const sum = new Fold(snapshot.federation);
      const position = await quietly(() => log.read(id, snapshot.position, sum.take));
      if (position !== null && sum.state !== null) return sum.state;
    }
    const sum = new Fold(null);
    const position = await log.read(id, null, sum.take);
    if (position === null || sum.state === null) return undefined;
    this.#due.set(id, { federation: sum.state, position });
    this.#saving.soon();
    return sum.state;
  }

  #remember(federation: Federation): void {
    this.#recalled.delete(federation.id);
    this.#recalled.set(federation.id, federation);
    const [oldest] = this.#recalled.keys();
    if (this.#recalled.size > REMEMBERED && oldest !== undefined) this.#recalled.delete(oldest);
  }

  /** One after the other: nobody waits for them, and appends share the disk. */
  async #saveAll(): Promise<void> {
    for (const [id, snapshot] of this.#due) {
      this.#due.delete(id);
      await this.#save(snapshot);
    }
  }

  async #save(snapshot: Snapshot): Promise<void> {
    try {
      await this.#options.snapshots.save(snapshot);
    } catch (error) {
      const { id } = snapshot.federation;
      this.#options.report.warn(
        { federation: id, err: error },
        "a snapshot could not be written; the journal says it all",
      );
    }
  }
}

/** Whatever a reading from a snapshot stumbles over, the reading from the beginning says exactly, or not at all. */
async function quietly<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}
