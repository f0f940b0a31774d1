/**
 * The append-only record of events, one chain per federation, one file per chain. What it gives back has been on disk;
 * what it failed to write is nowhere. It keeps no events in memory.
 */
import { statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as breath } from "node:timers/promises";
import { makePrivateDirectory, syncDirectory } from "../durable-directory.ts";
import { genesis, headAfter, type Line, lineText, nextLine } from "./chain.ts";
import { ChainFile, type TornLine } from "./chain-file.ts";
import type { Chain, Entry, EventLog, Position, Take } from "./event-log.ts";
import { JournalError } from "./journal-error.ts";
import { lockDirectory } from "./process-lock.ts";

/** The vocabulary that events are written in, and how it is read. */
export interface Vocabulary<E> {
  /** Its number; lines of a later one cannot be read. */
  readonly schema: number;
  /** An event of an earlier vocabulary, as stored, in the form that today's `parse` takes. May throw. */
  upcast(stored: unknown, fromSchema: number): unknown;
  /** Turns stored JSON into an event, or throws. Called when a chain is read and at every append. */
  parse(stored: unknown): E;
  /** One event in a few words, for checkpoints. */
  describe?(event: E): string;
}

export interface JournalOptions<E> {
  /** Made if missing; holds one file per federation and the lock. */
  readonly directory: string;
  readonly events: Vocabulary<E>;
  /** Called at `journal:before-append` and `journal:after-append` with the id, the line's `seq` and what `describe` says of its events; a test may end the process there. */
  readonly checkpoint: (point: string, detail: string) => void | Promise<void>;
  /** An append did not reach the disk. */
  readonly onFailure?: () => void;
  /** Told of every cut-off last line that was dropped when a chain was opened. */
  readonly onTornLine: (torn: TornLine) => void;
}

const SUFFIX = ".jsonl";
const SIZES_AT_A_TIME = 50;
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

export class Journal<E> implements EventLog<E> {
  readonly #options: JournalOptions<E>;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #release: () => Promise<void>;
  #closed = false;
  #failure: JournalError | null = null;

  private constructor(options: JournalOptions<E>, release: () => Promise<void>) {
    this.#options = options;
    this.#release = release;
  }

  /** Takes the directory's lock. Reads nothing yet. Throws `JournalError`. */
  static async open<E>(options: JournalOptions<E>): Promise<Journal<E>> {
    await prepareDirectory(options.directory);
    const release = await lockDirectory(options.directory);
    await syncDirectory(options.directory);
    return new Journal(options, release);
  }

  /** Why the newest append did not reach the disk; null when it did. */
  get failure(): JournalError | null {
    return this.#failure;
  }

  async stored(): Promise<ReadonlyMap<string, number>> {
    const { directory } = this.#options;
    const sizes = new Map<string, number>();
    for (const name of (await readdir(directory)).filter((entry) => entry.endsWith(SUFFIX)).sort()) {
      // Asked without waiting, which for a thousand files takes a tenth of the time; others have their turn in between.
      sizes.set(name.slice(0, -SUFFIX.length), statSync(join(directory, name)).size);
      if (sizes.size % SIZES_AT_A_TIME === 0) await breath();
    }
    return sizes;
  }

  begin(id: string): Chain<E> {
    return this.#chain(id, this.#file(id), genesis(id));
  }

  async open(id: string, from: Position | null, take: Take<E>): Promise<Chain<E> | null> {
    const file = this.#file(id);
    const position = await whileReading(id, () => file.open(from, (line) => take(this.#entriesOf(id, line))));
    return position === null ? null : this.#chain(id, file, position);
  }

  async read(id: string, from: Position | null, take: Take<E>, end?: number): Promise<Position | null> {
    const file = this.#file(id);
    return await whileReading(id, () => file.read(from, (line) => take(this.#entriesOf(id, line)), end));
  }

  /** Waits for the appends under way, takes no more, and gives the directory free. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
    await this.#release();
  }

  #file(id: string): ChainFile {
    if (!ID.test(id)) throw new JournalError("journal-id", `${JSON.stringify(id)} cannot name a journal file.`);
    const { directory, events, onTornLine } = this.#options;
    return new ChainFile({ path: join(directory, `${id}${SUFFIX}`), id, schema: events.schema, onTornLine });
  }

  #chain(id: string, file: ChainFile, from: Position): Chain<E> {
    let position = from;
    let queue: Promise<unknown> = Promise.resolve();
    const append = async <T>(at: string, events: readonly E[], accept: (entries: readonly Entry<E>[]) => T) => {
      const line = this.#lineOf(id, position, at, events);
      const accepted = accept(this.#entriesOf(id, line));
      position = await this.#write(id, file, position, line, events);
      return accepted;
    };
    return {
      get position() {
        return position;
      },
      append: (at, events, accept) => {
        if (this.#closed)
          return Promise.reject(new JournalError("journal-closed", "The journal is closed: florist is shutting down."));
        const appended = queue.then(() => append(at, events, accept));
        queue = this.#track(appended);
        return appended;
      },
    };
  }

  /** Resolves when the append has ended, however that went. */
  #track(appending: Promise<unknown>): Promise<unknown> {
    const ended = appending
      .catch(() => undefined)
      .then(() => {
        this.#underWay.delete(ended);
      });
    this.#underWay.add(ended);
    return ended;
  }

  async #write(id: string, file: ChainFile, after: Position, line: Line, events: readonly E[]): Promise<Position> {
    const described = events.map((event) => this.#options.events.describe?.(event) ?? "event").join(", ");
    const detail = `${id} ${line.seq} ${described}`;
    await this.#options.checkpoint("journal:before-append", detail);
    const bytes = Buffer.from(lineText(line), "utf8");
    try {
      await file.append(after, bytes);
      this.#failure = null;
    } catch (error) {
      this.#failure = new JournalError(
        "journal-write",
        `The journal of ${id} could not be written, so nothing was changed. Look at the disk that holds the data directory (space, permissions, health).`,
        error,
      );
      this.#options.onFailure?.();
      throw this.#failure;
    }
    await this.#options.checkpoint("journal:after-append", detail);
    return { ...headAfter(line), start: after.end, end: after.end + bytes.length };
  }

  #lineOf(id: string, after: Position, at: string, events: readonly E[]): Line {
    try {
      const stored: unknown[] = JSON.parse(JSON.stringify(events));
      return nextLine(after, this.#options.events.schema, at, stored);
    } catch (error) {
      throw new JournalError("journal-event", `An event for ${id} cannot be kept as JSON at ${at}.`, error);
    }
  }

  #entriesOf(id: string, line: Line): readonly Entry<E>[] {
    return line.events.map((stored, index) => {
      const seq = line.seq + index;
      return { seq, at: line.at, event: this.#eventOf(id, line.schema, stored, seq) };
    });
  }

  #eventOf(id: string, writtenIn: number, stored: unknown, seq: number): E {
    const { schema, upcast, parse } = this.#options.events;
    try {
      return parse(writtenIn < schema ? upcast(stored, writtenIn) : stored);
    } catch (error) {
      throw new JournalError(
        "journal-event",
        `Event ${seq} of ${id} is not one that this version of florist knows. If a later version wrote it, start that one.`,
        error,
      );
    }
  }
}

/** The disk's errors become the journal's; what the reading itself found stays as it is. */
const whileReading = async <T>(id: string, read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "syscall" in error)) throw error;
    throw new JournalError(
      "journal-read",
      `The journal of ${id} could not be read. Look at the disk that holds the data directory (permissions, health), then start florist again.`,
      error,
    );
  }
};

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
