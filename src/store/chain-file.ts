/** The file that one chain is. It is only ever appended to, and it is read a piece at a time. */
import { constants, type FileHandle, open } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { syncDirectory } from "../durable-directory.ts";
import { type ChainFault, genesis, headAfter, type Line, readLine } from "./chain.ts";
import type { Position } from "./event-log.ts";
import { JournalError } from "./journal-error.ts";

/** A last line that was cut off and has been dropped. It was never acknowledged, so nothing was built on it. */
export interface TornLine {
  readonly file: string;
  readonly bytes: number;
}

export interface ChainFileOptions {
  readonly path: string;
  readonly id: string;
  /** The newest vocabulary of events that can be read. */
  readonly schema: number;
  readonly onTornLine: (torn: TornLine) => void;
}

/** Takes one line, oldest first. */
type TakeLine = (line: Line) => void;

const NEWLINE = 0x0a;
/** Bytes read at a time. */
const PIECE = 1 << 16;

interface WholeLine {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** The lines that end with a newline, from `start` on; what follows the last newline before `end` is left out. */
async function* wholeLines(handle: FileHandle, start: number, end: number): AsyncGenerator<WholeLine> {
  let rest = Buffer.alloc(0);
  let restAt = start;
  for (let at = start; at < end; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(PIECE, end - at)), 0, null, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    let from = 0;
    for (let to = rest.indexOf(NEWLINE); to !== -1; to = rest.indexOf(NEWLINE, from)) {
      yield { bytes: rest.subarray(from, to), start: restAt + from, end: restAt + to + 1 };
      from = to + 1;
    }
    rest = rest.subarray(from);
    restAt += from;
  }
}

const writeAll = async (handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
};

/** Makes the file end at `end`: what lies behind was never acknowledged. */
const cutAt = async (handle: FileHandle, end: number): Promise<void> => {
  await handle.truncate(end);
  await handle.sync();
};

export class ChainFile {
  readonly #options: ChainFileOptions;

  constructor(options: ChainFileOptions) {
    this.#options = options;
  }

  /** Reads and checks, changing nothing; null: what is stored does not hold `from`. Throws `JournalError`. */
  async read(from: Position | null, take: TakeLine, end = Number.POSITIVE_INFINITY): Promise<Position | null> {
    const handle = await open(this.#options.path, constants.O_RDONLY);
    try {
      return await this.#scan(handle, from, take, end);
    } finally {
      await handle.close();
    }
  }

  /** Reads and checks, and makes the file ready for appending. */
  async open(from: Position | null, take: TakeLine): Promise<Position | null> {
    const handle = await open(this.#options.path, constants.O_RDWR);
    try {
      const position = await this.#scan(handle, from, take, Number.POSITIVE_INFINITY);
      if (position === null) return null;
      const { size } = await handle.stat();
      if (size > position.end) {
        await handle.truncate(position.end);
        this.#options.onTornLine({ file: basename(this.#options.path), bytes: size - position.end });
      }
      await handle.chmod(0o600);
      // A process that died before its fsync may have left lines in the page cache only; from now on they count.
      await handle.sync();
      return position;
    } finally {
      await handle.close();
    }
  }

  /** Writes `bytes` after the line that `after` stands for, and returns after fsync; on an error nothing has changed. */
  async append(after: Position, bytes: Uint8Array): Promise<void> {
    const { path } = this.#options;
    const isNew = after.end === 0;
    const handle = await open(path, constants.O_RDWR | (isNew ? constants.O_CREAT : 0), 0o600);
    try {
      const { size } = await handle.stat();
      if (size < after.end) throw new Error(`${path} has become shorter than what was written to it.`);
      if (isNew) await this.#holdsNothing(handle);
      // An append that failed may have left something, if the disk did not even let it be taken away again.
      if (size > after.end) await cutAt(handle, after.end);
      try {
        await writeAll(handle, bytes, after.end);
        await handle.sync();
        if (isNew) await syncDirectory(dirname(path));
      } catch (error) {
        // If this fails as well, the next append tries again before it writes; the first error is the one to tell.
        await cutAt(handle, after.end).catch(() => undefined);
        throw error;
      }
    } finally {
      await handle.close();
    }
  }

  /** A chain is begun once: what a slip of the caller would cut away here is a federation's past. */
  async #holdsNothing(handle: FileHandle): Promise<void> {
    for await (const { end } of wholeLines(handle, 0, Number.POSITIVE_INFINITY))
      throw new Error(`${this.#options.path} holds events already (${end} bytes or more).`);
  }

  async #scan(handle: FileHandle, from: Position | null, take: TakeLine, end: number): Promise<Position | null> {
    let position = from === null ? genesis(this.#options.id) : null;
    let number = 0;
    for await (const { bytes, start, end: lineEnd } of wholeLines(handle, from?.start ?? 0, end)) {
      number += 1;
      const reading = readLine(position, this.#options.schema, bytes);
      if (!reading.ok) {
        // From the middle nobody can say which line it is: reading from the beginning will.
        if (from !== null) return null;
        throw unusable(this.#options.path, number, reading.fault);
      }
      const reached = { ...headAfter(reading.line), start, end: lineEnd };
      if (position === null && !(from !== null && isSame(from, reached))) return null;
      if (position !== null) take(reading.line);
      position = reached;
    }
    return position;
  }
}

const isSame = (one: Position, other: Position): boolean =>
  one.seq === other.seq && one.hash === other.hash && one.start === other.start && one.end === other.end;

const unusable = (path: string, line: number, fault: ChainFault): JournalError => {
  const where = `The journal ${path} cannot be used, line ${line}: ${fault.problem}.`;
  return fault.kind === "newer"
    ? new JournalError("journal-newer", `${where} Start the version that wrote it, or a later one.`)
    : new JournalError(
        "journal-damaged",
        `${where} Keep a copy of the file, stop florist, put back the last good copy and start again; to give this federation up, move the file away.`,
      );
};
