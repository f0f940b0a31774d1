/** Data directories as they are after a clean stop, written by the store's own code but for the waits for the disk. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { federationEvent } from "../../src/federation/model/events.ts";
import { EVENTS_SCHEMA, STATE_SCHEMA, upcast } from "../../src/federation/model/schema.ts";
import { isSettled } from "../../src/federation/model/state.ts";
import type { Log, RecordedEvent } from "../../src/federation/ports.ts";
import { genesis, headAfter, lineText, nextLine } from "../../src/store/chain.ts";
import type { Position } from "../../src/store/event-log.ts";
import { entryOf, type IndexEntry } from "../../src/store/federation-index.ts";
import { openIndexFile } from "../../src/store/index-file.ts";
import { type OpenStoreOptions, openStore, type Store } from "../../src/store/open-store.ts";
import { SnapshotFiles } from "../../src/store/snapshots.ts";
import { CONTEXT, stateOf, type Telling } from "./stories.ts";

export const QUIET: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The chain of what has happened, one line for each event. */
function chainOf(id: string, recorded: readonly RecordedEvent[]): { readonly text: string; readonly end: Position } {
  let end = genesis(id);
  const lines: string[] = [];
  for (const { at, event } of recorded) {
    const line = nextLine(end, EVENTS_SCHEMA, at, [event]);
    const text = lineText(line);
    lines.push(text);
    end = { ...headAfter(line), start: end.end, end: end.end + Buffer.byteLength(text) };
  }
  return { text: lines.join(""), end };
}

export interface Filled {
  /** Bytes of the journals. */
  readonly bytes: number;
}

/** Adds federations to a data directory, whose index names them and those that it named before. People have read all of what has ended. */
export async function fill(directory: string, tellings: Iterable<Telling>): Promise<Filled> {
  for (const folder of ["snapshots", "receipts"])
    await mkdir(join(directory, folder), { recursive: true, mode: 0o700 });
  const snapshots = new SnapshotFiles(join(directory, "snapshots"), STATE_SCHEMA);
  const index = openIndexFile(join(directory, "index.json"));
  const entries: IndexEntry[] = [...((await index.load()) ?? [])];
  let bytes = 0;
  for (const telling of tellings) {
    const { text, end } = chainOf(telling.id, telling.recorded);
    const federation = stateOf(telling);
    await writeFile(join(directory, `${telling.id}.jsonl`), text, { mode: 0o600 });
    await snapshots.save({ position: end, federation });
    const settled = isSettled(federation);
    entries.push({ ...entryOf(federation, end, settled), told: settled });
    bytes += end.end;
  }
  await index.save(entries);
  return { bytes };
}

/** The store on a directory, as the bot opens it. */
export function openFilled(directory: string, changes: Partial<OpenStoreOptions> = {}): Promise<Store> {
  const { policy, sites: zones, manifests, newCard } = CONTEXT;
  return openStore({
    directory,
    events: { schema: EVENTS_SCHEMA, upcast, parse: (event) => federationEvent.parse(event) },
    stateSchema: STATE_SCHEMA,
    context: { policy, sites: zones, manifests, newCard },
    now: () => new Date().toISOString(),
    isSettled,
    checkpoint: () => undefined,
    log: QUIET,
    ...changes,
  });
}

export function* many(count: number, from: number, tell: (nth: number) => Telling): Generator<Telling> {
  for (let nth = from; nth < from + count; nth += 1) yield tell(nth);
}
