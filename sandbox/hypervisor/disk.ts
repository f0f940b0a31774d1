import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A VM's disk: a folder that outlives reboots and stops, and goes with the VM. */
export class Disk {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.#folder, name), "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") {
        return undefined;
      }
      throw error;
    }
  }

  /** Whole or not at all: a guest that is killed while it writes finds what it had before. */
  async write(name: string, text: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const unfinished = join(this.#folder, `${name}.new`);
    await writeFile(unfinished, text, { mode: 0o600 });
    await rename(unfinished, join(this.#folder, name));
  }

  async becomeCopyOf(other: Disk): Promise<void> {
    await this.destroy();
    await cp(other.#folder, this.#folder, { recursive: true });
  }

  async destroy(): Promise<void> {
    // As in the hypervisor: somebody may still be writing.
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
