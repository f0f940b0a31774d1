import { constants, type FileHandle, open } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Adapter } from "lowdb";
import { syncDirectory } from "../durable-directory.ts";
import { type ChainFault, type Line, lineText, readChain } from "./chain.ts";
import { JournalError } from "./journal-error.ts";

/** A last line that was cut off and has been dropped. It was never acknowledged, so nothing was built on it. */
export interface TornLine {
  readonly file: string;
  readonly bytes: number;
}

const writeAll = async (handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
};

const damage = (path: string, fault: ChainFault): JournalError => {
  const where = `The journal ${path} cannot be used, line ${fault.line}: ${fault.problem}.`;
  return fault.kind === "newer"
    ? new JournalError("journal-newer", `${where} Start the version that wrote it, or a later one.`)
    : new JournalError(
        "journal-damaged",
        `${where} Stop here, keep a copy of the file, and put back the last good copy; to go on without this federation, move the file away.`,
      );
};

/**
 * lowdb's adapter for one federation: `write` appends the lines that are not in the file yet, all in one write, and
 * returns after fsync. lowdb's own file adapter rewrites the file, without fsync, readable by everyone.
 */
export class JournalFile implements Adapter<readonly Line[]> {
  readonly #path: string;
  readonly #id: string;
  readonly #onTornLine: (torn: TornLine) => void;
  #lines = 0;
  #bytes = 0;
  #nameIsDurable = false;
  #tailIsDirty = false;

  constructor(path: string, id: string, onTornLine: (torn: TornLine) => void) {
    this.#path = path;
    this.#id = id;
    this.#onTornLine = onTornLine;
  }

  /** Reads an existing file. Throws `JournalError` when it is damaged or written by a later version. */
  async read(): Promise<readonly Line[]> {
    const handle = await open(this.#path, constants.O_RDWR);
    try {
      const reading = readChain(this.#id, await handle.readFile());
      if (!reading.ok) throw damage(this.#path, reading.fault);
      if (reading.tornBytes > 0) {
        await handle.truncate(reading.wholeBytes);
        this.#onTornLine({ file: basename(this.#path), bytes: reading.tornBytes });
      }
      await handle.chmod(0o600);
      // A process that died before its fsync may have left lines in the page cache only; from now on they count.
      await handle.sync();
      this.#lines = reading.lines.length;
      this.#bytes = reading.wholeBytes;
      return reading.lines;
    } finally {
      await handle.close();
    }
  }

  async write(lines: readonly Line[]): Promise<void> {
    const bytes = Buffer.from(lines.slice(this.#lines).map(lineText).join(""), "utf8");
    const handle = await open(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      if (this.#tailIsDirty) await this.#dropTail(handle);
      this.#tailIsDirty = true;
      await this.#append(handle, bytes);
    } finally {
      await handle.close();
    }
    this.#tailIsDirty = false;
    this.#lines = lines.length;
    this.#bytes += bytes.length;
  }

  async #append(handle: FileHandle, bytes: Uint8Array): Promise<void> {
    try {
      await writeAll(handle, bytes, this.#bytes);
      await handle.sync();
      if (!this.#nameIsDurable) await syncDirectory(dirname(this.#path));
      this.#nameIsDurable = true;
    } catch (error) {
      // If this fails as well, the next append tries again before it writes; the first error is the one to tell.
      await this.#dropTail(handle).catch(() => undefined);
      throw error;
    }
  }

  /** Takes away what a failed append left behind the last acknowledged line. */
  async #dropTail(handle: FileHandle): Promise<void> {
    await handle.truncate(this.#bytes);
    await handle.sync();
    this.#tailIsDirty = false;
  }
}
