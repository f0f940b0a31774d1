/** Stands in for the journal and what lies beside it, for tests that are about something else. */
import type { FederationEvent } from "../../src/federation/model/events.ts";
import type { Log, RecordedEvent } from "../../src/federation/ports.ts";
import type { Chain, EventLog, Position, Take } from "../../src/store/event-log.ts";
import type { IndexFile } from "../../src/store/index-file.ts";
import type { Snapshots } from "../../src/store/snapshots.ts";

export interface MemoryLog extends EventLog<FederationEvent> {
  /** Everything that is recorded of a federation. */
  recorded(id: string): readonly RecordedEvent[];
}

export const NO_SNAPSHOTS: Snapshots = { load: async () => undefined, save: async () => undefined };
export const NO_INDEX: IndexFile = { load: async () => [], save: async () => undefined };
export const QUIET: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** `past`: what has happened to one federation already. */
export function memoryLog(past: readonly RecordedEvent[] = []): MemoryLog {
  const events = new Map<string, RecordedEvent[]>();
  const [first] = past;
  if (first?.event.type === "federation-requested") events.set(first.event.federation, [...past]);
  const recorded = (id: string): readonly RecordedEvent[] => events.get(id) ?? [];
  const position = (id: string): Position => {
    const seq = recorded(id).length;
    return { seq, hash: `line ${seq}`, start: seq - 1, end: seq };
  };
  const chain = (id: string): Chain<FederationEvent> => ({
    get position() {
      return position(id);
    },
    append: async (at, added, accept) => {
      const before = recorded(id);
      const entries = added.map((event, index) => ({ seq: before.length + index + 1, at, event }));
      const accepted = accept(entries);
      events.set(id, [...before, ...entries]);
      return accepted;
    },
  });
  const read = (id: string, from: Position | null, take: Take<FederationEvent>): Position => {
    for (const entry of recorded(id).slice(from?.seq ?? 0)) take([entry]);
    return position(id);
  };
  return {
    recorded,
    stored: async () => new Map([...events].map(([id, entries]) => [id, entries.length])),
    begin: chain,
    open: async (id, from, take) => {
      read(id, from, take);
      return chain(id);
    },
    read: async (id, from, take) => read(id, from, take),
  };
}
