import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Low } from "lowdb";
import { makePrivateDirectory, syncDirectory } from "../durable-directory.ts";
import { genesis, type Head, headAfter, type Line, nextLine } from "./chain.ts";
import { JournalError } from "./journal-error.ts";
import { JournalFile, type TornLine } from "./journal-file.ts";
import { lockDirectory } from "./process-lock.ts";

/** One event as it stands in the journal. */
export interface Entry<E> {
  /** Number of the event in its federation's journal, from 1 without gaps. */
  readonly seq: number;
  /** ISO time in UTC. */
  readonly at: string;
  readonly event: E;
  /** Hash of the line that holds the event; events of one append share it. */
  readonly hash: string;
}

export interface JournalOptions<E> {
  /** Made if missing; holds one file per federation and the lock. */
  readonly directory: string;
  /** Turns stored JSON into an event, or throws. Called at open and at every append. */
  readonly parse: (stored: unknown) => E;
  /** Called at `journal:before-append` and `journal:after-append` with the id, the line's `seq` and what `describe` says of its events; a test may end the process there. */
  readonly checkpoint: (point: string, detail: string) => void | Promise<void>;
  /** One event in a few words, for checkpoints. */
  describe?(event: E): string;
  /** Told of every cut-off last line that was dropped at open. */
  readonly onTornLine: (torn: TornLine) => void;
}

const SUFFIX = ".jsonl";
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

/** What is known of one federation: its file, and the entries that are durable. */
class Stream<E> {
  readonly #id: string;
  readonly #store: Low<readonly Line[]>;
  readonly #parse: (stored: unknown) => E;
  #entries: readonly Entry<E>[] = [];
  #head: Head;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(id: string, file: JournalFile, parse: (stored: unknown) => E) {
    this.#id = id;
    this.#store = new Low<readonly Line[]>(file, []);
    this.#parse = parse;
    this.#head = genesis(id);
  }

  get entries(): readonly Entry<E>[] {
    return this.#entries;
  }

  get head(): Head {
    return this.#head;
  }

  async load(): Promise<void> {
    await this.#store.read();
    this.#entries = this.#store.data.flatMap((line) => this.#entriesOf(line));
    this.#head = this.#store.data.reduce((_, line) => headAfter(line), genesis(this.#id));
  }

  /** Runs `work` after everything asked for earlier, whatever became of that. */
  enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  idle(): Promise<unknown> {
    return this.#queue;
  }

  /** Appends one line. Nothing in memory changes before it is durable. */
  async append(at: string, events: readonly E[]): Promise<readonly Entry<E>[]> {
    const line = this.#lineOf(at, events);
    const added = this.#entriesOf(line);
    const before = this.#store.data;
    this.#store.data = [...before, line];
    try {
      await this.#store.write();
    } catch (error) {
      this.#store.data = before;
      throw new JournalError(
        "journal-write",
        `The journal of ${this.#id} could not be written, so nothing was changed. Look at the disk that holds the data directory (space, permissions, health).`,
        error,
      );
    }
    this.#entries = [...this.#entries, ...added];
    this.#head = headAfter(line);
    return added;
  }

  #lineOf(at: string, events: readonly E[]): Line {
    try {
      const stored: unknown[] = JSON.parse(JSON.stringify(events));
      return nextLine(this.#head, at, stored);
    } catch (error) {
      throw new JournalError("journal-event", `An event for ${this.#id} cannot be kept as JSON at ${at}.`, error);
    }
  }

  #entriesOf(line: Line): readonly Entry<E>[] {
    return line.events.map((stored, index) => {
      const seq = line.seq + index;
      return { seq, at: line.at, event: this.#eventOf(stored, seq), hash: line.hash };
    });
  }

  #eventOf(stored: unknown, seq: number): E {
    try {
      return this.#parse(stored);
    } catch (error) {
      throw new JournalError(
        "journal-event",
        `Event ${seq} of ${this.#id} is not one that this version of florist knows. If a later version wrote it, start that one.`,
        error,
      );
    }
  }
}

/**
 * The append-only record of events, one chain per federation. What it gives back has been on disk; what it failed to
 * write is nowhere.
 */
export class Journal<E> {
  readonly #options: JournalOptions<E>;
  readonly #streams = new Map<string, Stream<E>>();
  readonly #release: () => Promise<void>;
  #closed = false;

  private constructor(options: JournalOptions<E>, release: () => Promise<void>) {
    this.#options = options;
    this.#release = release;
  }

  /** Takes the directory's lock and reads and checks everything in it. Throws `JournalError`. */
  static async open<E>(options: JournalOptions<E>): Promise<Journal<E>> {
    const { directory } = options;
    await prepareDirectory(directory);
    const journal = new Journal<E>(options, await lockDirectory(directory));
    try {
      const names = (await readdir(directory)).filter((name) => name.endsWith(SUFFIX)).sort();
      for (const name of names) await journal.#stream(name.slice(0, -SUFFIX.length)).load();
      await syncDirectory(directory);
      return journal;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** Every federation that something is known of. */
  ids(): string[] {
    return [...this.#streams].filter(([, stream]) => stream.entries.length > 0).map(([id]) => id);
  }

  /** What is durable of a federation, oldest first; empty for an unknown one. The list never changes afterwards. */
  read(id: string): readonly Entry<E>[] {
    return this.#streams.get(id)?.entries ?? [];
  }

  /** Where a federation's chain stands: the anchor that decision cards show. */
  head(id: string): Head {
    return this.#streams.get(id)?.head ?? genesis(id);
  }

  /**
   * Appends all events as one unit, after every earlier append to the same federation, and returns when they are
   * durable. `at` is an ISO time in UTC. Throws `JournalError`, and then nothing has changed.
   */
  async append(id: string, at: string, events: readonly E[]): Promise<readonly Entry<E>[]> {
    if (this.#closed) throw new JournalError("journal-closed", "The journal is closed: florist is shutting down.");
    if (events.length === 0) return [];
    const stream = this.#stream(id);
    return stream.enqueue(async () => {
      const described = events.map((event) => this.#options.describe?.(event) ?? "event").join(", ");
      const detail = `${id} ${stream.head.seq + 1} ${described}`;
      await this.#options.checkpoint("journal:before-append", detail);
      const added = await stream.append(at, events);
      await this.#options.checkpoint("journal:after-append", detail);
      return added;
    });
  }

  /** Waits for the appends under way, takes no more, and gives the directory free. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#streams.values()].map((stream) => stream.idle()));
    await this.#release();
  }

  #stream(id: string): Stream<E> {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    if (!ID.test(id)) throw new JournalError("journal-id", `${JSON.stringify(id)} cannot name a journal file.`);
    const file = new JournalFile(join(this.#options.directory, `${id}${SUFFIX}`), id, this.#options.onTornLine);
    const stream = new Stream(id, file, this.#options.parse);
    this.#streams.set(id, stream);
    return stream;
  }
}

const prepareDirectory = async (directory: string): Promise<void> => {
  try {
    await makePrivateDirectory(directory);
  } catch (error) {
    throw new JournalError(
      "journal-directory",
      `The data directory ${directory} cannot be used: it must be a directory that belongs to the user florist runs as.`,
      error,
    );
  }
};

export const openJournal = <E>(options: JournalOptions<E>): Promise<Journal<E>> => Journal.open(options);
