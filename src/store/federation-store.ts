/** The federations, each the sum of its journal; decisions on one of them never overlap, and none waits for another's. */
import { type Decision, decided, NOTHING, refuse } from "../federation/model/decision.ts";
import type { FederationEvent } from "../federation/model/events.ts";
import type { FederationId, ZoneName } from "../federation/model/identity.ts";
import type { DecisionContext } from "../federation/model/policy.ts";
import type { Federation } from "../federation/model/state.ts";
import type { ChangeListener, FederationSummary, Federations, Log, RecordedEvent } from "../federation/ports.ts";
import type { Request } from "../federation/proposing/request.ts";
import { Archive, fold, type Held } from "./archive.ts";
import { DeferredWork } from "./deferred-work.ts";
import type { EventLog, Position } from "./event-log.ts";
import { entryOf, FederationIndex } from "./federation-index.ts";
import type { IndexFile } from "./index-file.ts";
import { JournalError } from "./journal-error.ts";
import type { Snapshots } from "./snapshots.ts";
import { type DamagedFederation, StartReading } from "./start-reading.ts";
import { TakenAddresses } from "./taken-addresses.ts";
import { TakenTunnels } from "./taken-tunnels.ts";

/** The decision context that all federations share. */
export type SharedContext = Omit<DecisionContext, "now" | "takenAddresses" | "takenTunnels">;

/** Where federations are kept. */
export interface StoreParts {
  readonly events: EventLog<FederationEvent>;
  readonly snapshots: Snapshots;
  readonly index: IndexFile;
}

export interface StoreOptions {
  readonly context: SharedContext;
  /** ISO time in UTC. */
  readonly now: () => string;
  /** Nothing can happen to it any more: it leaves memory. */
  readonly isSettled: (federation: Federation) => boolean;
  readonly log: Log;
  /** Milliseconds that snapshots and the index may lag behind. */
  readonly cacheDelay?: number;
}

const CACHE_DELAY = 30_000;

export class FederationStore implements Federations {
  readonly #options: StoreOptions;
  readonly #archive: Archive;
  readonly #index = new FederationIndex();
  readonly #indexing: DeferredWork;
  readonly #addresses = new TakenAddresses();
  readonly #tunnels = new TakenTunnels();
  readonly #held = new Map<FederationId, Held>();
  readonly #damaged = new Map<string, DamagedFederation>();
  readonly #queues = new Map<FederationId, Promise<unknown>>();
  readonly #listeners: ChangeListener[] = [];

  private constructor({ events, snapshots, index }: StoreParts, options: StoreOptions) {
    const { log, cacheDelay = CACHE_DELAY } = options;
    this.#options = options;
    this.#archive = new Archive({ log: events, snapshots, snapshotDelay: cacheDelay, report: log });
    this.#indexing = new DeferredWork(cacheDelay, async () => {
      try {
        await index.save([...this.#index.all()]);
      } catch (error) {
        log.warn({ err: error }, "the index of federations could not be written; the next start makes it anew");
      }
    });
  }

  /** Reads those with which something can still happen. One that cannot be read is told and left out; nothing else stops. */
  static async open(parts: StoreParts, options: StoreOptions): Promise<FederationStore> {
    const store = new FederationStore(parts, options);
    const { isSettled, log } = options;
    const reading = new StartReading({ events: parts.events, archive: store.#archive, indexFile: parts.index, log });
    const found = await reading.run(async (held) => {
      const settled = isSettled(held.federation);
      store.#index.put(entryOf(held.federation, held.chain.position, settled));
      if (!settled) store.#admit(null, held);
      // So that however many settled ones have to be read again, only few are in memory at a time.
      else await store.#archive.flush();
    });
    for (const entry of found.entries) store.#index.put(entry);
    for (const damage of found.damaged) store.#damaged.set(damage.id, damage);
    if (found.differs) store.#indexing.soon();
    return store;
  }

  *living(): Iterable<Federation> {
    for (const { federation } of this.#held.values()) yield federation;
  }

  *inZone(zone: ZoneName): Iterable<Federation> {
    for (const id of this.#index.inZone(zone)) {
      const federation = this.get(id);
      if (federation !== undefined) yield federation;
    }
  }

  get(id: FederationId): Federation | undefined {
    return this.#held.get(id)?.federation;
  }

  async load(id: FederationId): Promise<Federation | undefined> {
    const living = this.get(id);
    if (living !== undefined || this.#index.get(id) === undefined || this.#damaged.has(id)) return living;
    try {
      return await this.#archive.recall(id);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      const { code, message } = error;
      this.#damaged.set(id, { id, code, message });
      this.#options.log.error({ federation: id, code, err: error }, message);
      return undefined;
    }
  }

  isUnreadable(id: FederationId): boolean {
    return this.#damaged.has(id);
  }

  untold(): readonly FederationId[] {
    return [...this.#index.all()].flatMap(({ id, settled, told }) => (settled && !told ? [id] : []));
  }

  markTold(id: FederationId): void {
    const entry = this.#index.get(id);
    if (entry?.settled === true && this.#index.put({ ...entry, told: true })) this.#indexing.soon();
  }

  summaries(): Iterable<FederationSummary> {
    return this.#index.all();
  }

  named(name: string): readonly FederationSummary[] {
    return this.#index.named(name);
  }

  async history(id: FederationId): Promise<readonly RecordedEvent[]> {
    const damage = this.#damaged.get(id);
    if (damage !== undefined) throw new JournalError(damage.code, damage.message);
    const head = this.head(id);
    return head === undefined ? [] : await this.#archive.history(id, head.end);
  }

  /** Where its chain stands: an anchor that others may keep. Undefined for one that is unknown or cannot be read. */
  head(id: FederationId): Position | undefined {
    if (this.#damaged.has(id)) return undefined;
    return this.#held.get(id)?.chain.position ?? this.#index.get(id)?.position;
  }

  /** Those that cannot be read, each with what to do about it. */
  damaged(): readonly DamagedFederation[] {
    return [...this.#damaged.values()];
  }

  onChange(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  decisionContext(id: FederationId): DecisionContext {
    const { context, now } = this.#options;
    return {
      ...context,
      now: now(),
      takenAddresses: this.#addresses.but(this.get(id)),
      takenTunnels: this.#tunnels.but(id),
    };
  }

  /** Rejects when the journal does; nothing has changed then. */
  update(id: FederationId, decide: (federation: Federation, context: DecisionContext) => Decision): Promise<Decision> {
    return this.#enqueue(id, async () => {
      const held = this.#held.get(id);
      if (held === undefined) return this.#notHeld(id);
      const decision = decide(held.federation, this.decisionContext(id));
      await this.#record(held.federation, held.chain, decision.events);
      return decision;
    });
  }

  create(request: Request): Promise<Decision> {
    const { federation: id, name } = request;
    return this.#enqueue(id, async () => {
      if (this.isUnreadable(id)) return refuse("federation-unreadable");
      if (this.#index.get(id) !== undefined) return NOTHING;
      if (this.#index.isTaken(name)) return refuse("name-taken");
      this.#index.claim(name, id);
      const decision = decided({ type: "federation-requested", ...request });
      try {
        await this.#record(null, this.#archive.begin(id), decision.events);
      } catch (error) {
        this.#index.release(name, id);
        throw error;
      }
      return decision;
    });
  }

  /** Resolves when everything asked for so far has been decided and journalled. */
  async idle(): Promise<void> {
    await Promise.all(this.#queues.values());
  }

  /** Waits for what is under way and writes what may lag. */
  async close(): Promise<void> {
    await this.idle();
    await this.#archive.flush();
    await this.#indexing.now();
  }

  #notHeld(id: FederationId): Decision {
    if (this.isUnreadable(id)) return refuse("federation-unreadable");
    return refuse(this.#index.get(id) === undefined ? "not-visible" : "federation-ended");
  }

  #enqueue<T>(id: FederationId, work: () => Promise<T>): Promise<T> {
    const result = (this.#queues.get(id) ?? Promise.resolve()).then(work);
    const ended = result
      .catch(() => undefined)
      .then(() => {
        if (this.#queues.get(id) === ended) this.#queues.delete(id);
      });
    this.#queues.set(id, ended);
    return result;
  }

  async #record(before: Federation | null, chain: Held["chain"], events: readonly FederationEvent[]): Promise<void> {
    if (events.length === 0) return;
    const { after, recorded } = await chain.append(this.#options.now(), events, (entries) => ({
      after: fold(before, entries),
      recorded: entries,
    }));
    const held = { federation: after, chain };
    const settled = this.#options.isSettled(after);
    if (this.#index.put(entryOf(after, chain.position, settled))) this.#indexing.soon();
    this.#admit(before, held);
    this.#archive.keep(held);
    this.#tell(after, before, recorded);
    if (settled) this.#held.delete(after.id);
  }

  #admit(before: Federation | null, held: Held): void {
    this.#held.set(held.federation.id, held);
    this.#addresses.change(before, held.federation);
    this.#tunnels.change(held.federation);
  }

  #tell(after: Federation, before: Federation | null, recorded: readonly RecordedEvent[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(after, before, recorded);
      } catch (error) {
        this.#options.log.error({ federation: after.id, err: error }, "what follows from a change broke off");
      }
    }
  }
}
