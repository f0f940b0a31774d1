/** What a start reads: chains of federations that may still change, and what the index says of the others. */
import type { FederationEvent } from "../federation/model/events.ts";
import { type FederationId, federationId } from "../federation/model/identity.ts";
import type { Log } from "../federation/ports.ts";
import type { Archive, Held } from "./archive.ts";
import type { EventLog } from "./event-log.ts";
import { entryOf, type IndexEntry } from "./federation-index.ts";
import type { IndexFile } from "./index-file.ts";
import { JournalError, type JournalErrorCode } from "./journal-error.ts";

/** A federation that is left out because its journal cannot be used. */
export interface DamagedFederation {
  /** Of the file's name. */
  readonly id: string;
  readonly code: JournalErrorCode;
  /** What is wrong and what to do about it. */
  readonly message: string;
}

export interface StartFindings {
  /** Of those that were not read: settled ones, and damaged ones as far as they are known. */
  readonly entries: readonly IndexEntry[];
  readonly damaged: readonly DamagedFederation[];
  /** The index says something else than the chains. */
  readonly differs: boolean;
}

export interface StartReadingOptions {
  readonly events: EventLog<FederationEvent>;
  readonly archive: Archive;
  readonly indexFile: IndexFile;
  readonly log: Log;
}

/** Chains read side by side: enough to keep the disk busy, few enough to keep little in memory. */
const SIDE_BY_SIDE = 4;

interface Due {
  readonly id: FederationId;
  readonly entry: IndexEntry | undefined;
}

export class StartReading {
  readonly #options: StartReadingOptions;
  readonly #entries: IndexEntry[] = [];
  readonly #damaged: DamagedFederation[] = [];
  #differs = false;

  constructor(options: StartReadingOptions) {
    this.#options = options;
  }

  /** `admit` is given every federation that had to be read. */
  async run(admit: (held: Held) => Promise<void>): Promise<StartFindings> {
    const index = await this.#loadIndex();
    const due: Due[] = [];
    const sizes = await this.#options.events.stored();
    for (const [name, size] of sizes) {
      const id = federationId.safeParse(name);
      if (!id.success) {
        this.#report(name, strange(name), undefined);
        continue;
      }
      const entry = index.get(id.data);
      if (entry?.settled && entry.position.end === size) this.#entries.push(entry);
      else due.push({ id: id.data, entry });
    }
    // One iterator for all: each takes the next one that nobody has taken.
    const queue = due.values();
    await Promise.all(
      Array.from({ length: SIDE_BY_SIDE }, async () => {
        for (const next of queue) await this.#read(next, admit);
      }),
    );
    this.#tellGone(index, sizes);
    return { entries: this.#entries, damaged: this.#damaged, differs: this.#differs };
  }

  async #loadIndex(): Promise<ReadonlyMap<FederationId, IndexEntry>> {
    try {
      const entries = await this.#options.indexFile.load();
      this.#differs = entries === null;
      return new Map((entries ?? []).map((entry) => [entry.id, entry]));
    } catch (error) {
      this.#differs = true;
      this.#options.log.warn(
        { err: error },
        "the index of federations cannot be used and is made anew from the journals",
      );
      return new Map();
    }
  }

  async #read({ id, entry }: Due, admit: (held: Held) => Promise<void>): Promise<void> {
    try {
      const held = await this.#options.archive.open(id);
      if (held === null) {
        // A first append that was cut off founds nothing; a journal that the index knows did hold something.
        if (entry !== undefined) throw emptied(id);
        return;
      }
      this.#compare(held, entry);
      await admit(held);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      const known = entry ?? (await this.#lastKnown(id));
      // It keeps its name, and the next start knows of it too.
      if (known !== undefined) this.#entries.push({ ...known, settled: false });
      this.#report(id, error, known?.name);
    }
  }

  #compare({ federation: { id }, chain: { position } }: Held, entry: IndexEntry | undefined): void {
    if (entry?.position.end === position.end && entry.position.hash === position.hash) return;
    this.#differs = true;
    if (entry === undefined || entry.position.seq <= position.seq) return;
    this.#options.log.warn(
      { federation: id, events: position.seq, knownBefore: entry.position.seq },
      "a journal ends earlier than it did before: unless somebody put back an older copy, look for the newer one",
    );
  }

  #tellGone(index: ReadonlyMap<FederationId, IndexEntry>, sizes: ReadonlyMap<string, number>): void {
    for (const { id, name } of index.values()) {
      if (sizes.has(id)) continue;
      this.#differs = true;
      this.#options.log.warn({ federation: id, name }, "a journal is gone: this federation is not known any more");
    }
  }

  async #lastKnown(id: FederationId): Promise<IndexEntry | undefined> {
    const federation = await this.#options.archive.lastKnown(id);
    return federation && entryOf(federation, { seq: federation.seq, hash: "", start: 0, end: 0 }, false);
  }

  #report(id: string, { code, message, cause }: JournalError, name: string | undefined): void {
    this.#damaged.push({ id, code, message });
    this.#differs = true;
    this.#options.log.error({ federation: id, name, code, err: cause }, `${message} All other federations run.`);
  }
}

const strange = (name: string): JournalError =>
  new JournalError(
    "journal-id",
    `${name}.jsonl in the data directory does not bear a federation's id, so it is not read. Move it away.`,
  );

const emptied = (id: string): JournalError =>
  new JournalError(
    "journal-damaged",
    `The journal of ${id} is empty, although it held events before. Stop florist, put back the last good copy and start again; to give this federation up, move the file away.`,
  );
