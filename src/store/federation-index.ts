/** What is known of every federation without reading it: found by id, by name and by zone, and kept up with each change. */
import type { FederationId, Slug, ZoneName } from "../federation/model/identity.ts";
import { type Federation, newestFirst } from "../federation/model/state.ts";
import type { FederationSummary } from "../federation/ports.ts";
import type { Position } from "./event-log.ts";

/** A summary, and where the federation's chain stands. */
export interface IndexEntry extends FederationSummary {
  /** Nothing can happen to it any more: it is on disk only. */
  readonly settled: boolean;
  /** And people have been told everything about it. */
  readonly told: boolean;
  readonly position: Position;
}

export const entryOf = (federation: Federation, position: Position, settled: boolean): IndexEntry => ({
  id: federation.id,
  name: federation.name,
  homeChannel: federation.homeChannel,
  zones: [...new Set([...federation.sites.values()].map(({ zone }) => zone))],
  requester: federation.requester,
  requestedAt: federation.requestedAt,
  endedAt: federation.ended?.at ?? null,
  settled,
  told: false,
  position,
});

export class FederationIndex {
  readonly #entries = new Map<FederationId, IndexEntry>();
  readonly #byName = new Map<string, Set<FederationId>>();
  readonly #byZone = new Map<ZoneName, Set<FederationId>>();
  /** Whose a name is while it cannot be given to another. */
  readonly #holders = new Map<string, Set<FederationId>>();

  get(id: FederationId): IndexEntry | undefined {
    return this.#entries.get(id);
  }

  all(): IterableIterator<IndexEntry> {
    return this.#entries.values();
  }

  /** One that has not ended first, then the newest. */
  named(name: string): readonly IndexEntry[] {
    const entries = [...(this.#byName.get(name) ?? [])].flatMap((id) => this.#entries.get(id) ?? []);
    return entries.sort(livingThenNewest);
  }

  /** Unsettled ones with a site there. */
  inZone(zone: ZoneName): Iterable<FederationId> {
    return this.#byZone.get(zone) ?? [];
  }

  isTaken(name: Slug): boolean {
    return this.#holders.has(name);
  }

  /** Keeps the name from others, for a federation that is being made or cannot be read. */
  claim(name: string, id: FederationId): void {
    add(this.#holders, name, id);
  }

  release(name: string, id: FederationId): void {
    remove(this.#holders, name, id);
  }

  /** True when more has changed than where the chain stands. */
  put(entry: IndexEntry): boolean {
    const before = this.#entries.get(entry.id);
    this.#entries.set(entry.id, entry);
    if (before !== undefined && isAlike(before, entry)) return false;
    if (before !== undefined) for (const zone of before.zones) remove(this.#byZone, zone, entry.id);
    if (!entry.settled) for (const zone of entry.zones) add(this.#byZone, zone, entry.id);
    add(this.#byName, entry.name, entry.id);
    if (entry.endedAt === null) this.claim(entry.name, entry.id);
    else this.release(entry.name, entry.id);
    return true;
  }
}

const livingThenNewest = (one: IndexEntry, other: IndexEntry): number =>
  Number(one.endedAt !== null) - Number(other.endedAt !== null) || newestFirst(one, other);

/** A federation's name, requester and channel stay what they were; its zones only grow. */
const isAlike = (one: IndexEntry, other: IndexEntry): boolean =>
  one.endedAt === other.endedAt &&
  one.settled === other.settled &&
  one.told === other.told &&
  one.homeChannel === other.homeChannel &&
  one.zones.length === other.zones.length &&
  one.zones.every((zone, nth) => zone === other.zones[nth]);

function add<K>(sets: Map<K, Set<FederationId>>, key: K, id: FederationId): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, new Set([id]));
  else known.add(id);
}

function remove<K>(sets: Map<K, Set<FederationId>>, key: K, id: FederationId): void {
  const known = sets.get(key);
  if (known?.delete(id) && known.size === 0) sets.delete(key);
}
