import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../../src/package-root.ts";
import { run } from "./command.ts";
import { CACHE } from "./flower.ts";

/** Writes the offset whole; a program that was started before the library stood in the file has the right time. */
const SET = `set -e
echo "$2" > /etc/.clock-offset
mv /etc/.clock-offset /etc/clock-offset
if ! grep -qsxF "$1" /etc/ld.so.preload; then
  echo "$1" >> /etc/ld.so.preload
  echo boot
fi`;

/** What a wrong clock needs beside what real guests do; empty where nothing is missing. */
export async function missingForClocks(): Promise<readonly string[]> {
  try {
    await run("cc", ["-E", "-x", "c", "-include", "time.h", "/dev/null"]);
    return [];
  } catch {
    return ["`cc`: install a C compiler (apt-get install gcc libc6-dev)"];
  }
}

/**
 * Sets the clock of a running VM ahead by so many seconds, or behind.
 * @param pid the VM's first process
 * @returns "boot" where it holds only from the VM's next boot on, as for a clock that was never set before
 * @throws CommandFailed where there is no C compiler
 */
export async function setClock(pid: number, offset: number): Promise<"now" | "boot"> {
  const inside = ["--target", String(pid), "--mount", "--", "sh", "-c", SET, "clock"];
  const said = await run("nsenter", [...inside, await library(), String(offset)]);
  return said === "" ? "now" : "boot";
}

/** All VMs of this machine share it; it is compiled once. */
async function library(): Promise<string> {
  const source = join(packageRoot(), "sandbox", "hypervisor", "real", "clock.c");
  const digest = createHash("sha256")
    .update(await readFile(source))
    .digest("hex");
  const file = join(CACHE, `clock-${digest.slice(0, 12)}.so`);
  if (existsSync(file)) return file;
  await mkdir(CACHE, { recursive: true, mode: 0o755 });
  const folder = await mkdtemp(join(CACHE, "clock-"));
  try {
    const fresh = join(folder, "clock.so");
    await run("cc", ["-O2", "-shared", "-fPIC", "-o", fresh, source]);
    await rename(fresh, file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return file;
}
