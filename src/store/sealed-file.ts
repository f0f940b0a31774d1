/**
 * lowdb's adapter for what is kept beside the chains: one JSON file, replaced as a whole, with a sum that shows damage.
 * lowdb's own adapter leaves files readable by everyone and knows no fsync.
 */
import { open, readFile, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Adapter } from "lowdb";
import { syncDirectory } from "../durable-directory.ts";
import { sha256 } from "../federation/model/digest.ts";

/** The file is there and is not one of these, or not a whole one. `message` says why, for the operator. */
export class UnusableFileError extends Error {
  constructor(path: string, problem: string, cause?: unknown) {
    super(`${path} cannot be used: ${problem}.`, cause === undefined ? undefined : { cause });
    this.name = "UnusableFileError";
  }
}

export interface SealedFileOptions<T> {
  readonly path: string;
  /** Of the data's shape; a file with another number is not used. */
  readonly schema: number;
  /** Whether it must outlive a power cut once `write` returns. What can be made anew need not. */
  readonly durable: boolean;
  /** Plain JSON data from what is kept, and back; `decode` throws on what it does not know. */
  encode(data: T): unknown;
  decode(stored: unknown): T;
}

/** What stands before the data, and what behind it. The sum is that of the text between, as it was written. */
const HEAD = /^\{"schema":(\d{1,9}),"sum":"([0-9a-f]{64})","data":/;
const TAIL = "}\n";

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

export class SealedFile<T> implements Adapter<T> {
  readonly #options: SealedFileOptions<T>;

  constructor(options: SealedFileOptions<T>) {
    this.#options = options;
  }

  /** Null when there is none. Throws `UnusableFileError`, or the disk's error. */
  async read(): Promise<T | null> {
    let text: string;
    try {
      text = await readFile(this.#options.path, "utf8");
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
    return this.#dataIn(text);
  }

  /** The old content or the new one, whatever happens; never two at a time. */
  async write(data: T): Promise<void> {
    const { path, schema, durable, encode } = this.#options;
    const stored = JSON.stringify(encode(data));
    const unfinished = join(dirname(path), `.${basename(path)}.unfinished`);
    const handle = await open(unfinished, "w", 0o600);
    try {
      await handle.writeFile(`{"schema":${schema},"sum":"${sha256(stored)}","data":${stored}${TAIL}`);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
    if (durable) await syncDirectory(dirname(path));
  }

  #dataIn(text: string): T {
    const { path, schema, decode } = this.#options;
    const fail = (problem: string, cause?: unknown) => new UnusableFileError(path, problem, cause);
    const [head, writtenIn, sum] = HEAD.exec(text) ?? [];
    if (head === undefined || !text.endsWith(TAIL)) throw fail("it is cut or is something else");
    if (Number(writtenIn) !== schema) throw fail("another version of florist wrote it");
    const stored = text.slice(head.length, -TAIL.length);
    if (sha256(stored) !== sum) throw fail("it has been changed");
    try {
      return decode(JSON.parse(stored));
    } catch (error) {
      throw fail("it does not hold what it should", error);
    }
  }
}
