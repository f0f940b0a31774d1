import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandFailed, run } from "./command.ts";
import { endDataDisks } from "./data-disk.ts";

/** One folder for each program of this kind that runs, named by its process; a restart of the machine empties it. */
const ESTATES = "/run/florist-guests";
const PREFIX = "florist-";
const SPACE = new RegExp(`^${PREFIX}(\\d+)-`);
const PATIENCE_MS = 5_000;

/**
 * All that one program of this kind has made on the machine: network namespaces, and a file system in memory for its
 * VMs' disks. Everything bears the program's process id, so that what a killed one left can be known and removed.
 */
export class Estate {
  readonly folder: string;
  readonly #owner: number;

  private constructor(owner: number) {
    this.#owner = owner;
    this.folder = join(ESTATES, String(owner));
  }

  /** Removes what killed programs left, then makes room for this one. */
  static async open(): Promise<Estate> {
    for (const owner of await abandoned()) await new Estate(owner).close();
    const estate = new Estate(process.pid);
    await mkdir(estate.folder, { recursive: true, mode: 0o700 });
    // Disks are in memory: an overlay takes no folder that is itself on an overlay, as a container's root is.
    await run("mount", ["-t", "tmpfs", "-o", "mode=0755", "florist-guests", estate.folder]);
    await writeFile(join(estate.folder, "owner"), (await startOf(process.pid)) ?? "");
    return estate;
  }

  async addSpace(name: string): Promise<string> {
    const space = `${PREFIX}${this.#owner}-${name}`;
    await run("ip", ["netns", "add", space]);
    await run("ip", ["-n", space, "link", "set", "lo", "up"]);
    return space;
  }

  async removeSpace(space: string): Promise<void> {
    await endProcesses(space);
    await run("ip", ["netns", "delete", space]);
  }

  async close(): Promise<void> {
    for (const space of await spaces()) if (ownerOf(space) === this.#owner) await this.removeSpace(space);
    await endDataDisks(this.folder);
    const mounts = await readFile("/proc/self/mounts", "utf8");
    if (mounts.includes(` ${this.folder} `)) await run("umount", ["--lazy", this.folder]);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Owners of which something is left although they do not run any more. */
async function abandoned(): Promise<readonly number[]> {
  const folders = (await entries(ESTATES)).map(Number).filter(Number.isInteger);
  const owners = new Set([...folders, ...(await spaces()).map(ownerOf).filter((owner) => owner !== undefined)]);
  const alive = await Promise.all([...owners].map(isAlive));
  return [...owners].filter((_, index) => !alive[index]);
}

/** A process id comes again; together with the moment of the start it does not. */
async function isAlive(owner: number): Promise<boolean> {
  const start = await startOf(owner);
  if (start === undefined) return false;
  try {
    return (await readFile(join(ESTATES, String(owner), "owner"), "utf8")) === start;
  } catch {
    return false;
  }
}

async function startOf(pid: number): Promise<string | undefined> {
  try {
    // The name of the program, in brackets, may hold anything; the start is the 20th word after it.
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function ownerOf(space: string): number | undefined {
  const owner = SPACE.exec(space)?.[1];
  return owner === undefined ? undefined : Number(owner);
}

async function spaces(): Promise<readonly string[]> {
  const listed = await run("ip", ["netns", "list"]);
  return listed
    .split("\n")
    .map((line) => line.split(" ", 1)[0] ?? "")
    .filter((name) => SPACE.test(name));
}

async function entries(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

/** A namespace whose name is gone lives on as long as a process is in it. */
async function endProcesses(space: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const pids = (await run("ip", ["netns", "pids", space])).split("\n").filter((pid) => pid !== "");
    if (pids.length === 0) return;
    if (Date.now() > deadline) throw new CommandFailed(`Processes ${pids.join(", ")} in ${space} do not end.`);
    for (const pid of pids) kill(Number(pid));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile, which is what was wanted.
  }
}
