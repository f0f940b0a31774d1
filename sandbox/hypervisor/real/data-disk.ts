/** What an owner's disk with data is to a real VM: a block device with a file system and, in it, one table. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { run } from "./command.ts";
import { Inside } from "./inside.ts";
import type { RealView } from "./real-hypervisor.ts";

const ROWS = 30;
const COLUMNS = 3;
const OBSERVATIONS = "observations.csv";

const loops = z.object({ loopdevices: z.array(z.object({ name: z.string(), "back-file": z.string().nullable() })) });

/** The table of a zone's disk: observations of three inputs and a target, which no other zone's disk and no app has. */
export function observationsOf(zone: string): string {
  const next = sequenceOf(zone);
  const rows = Array.from({ length: ROWS }, () =>
    Array.from({ length: COLUMNS + 1 }, () => (next() * 4 - 2).toFixed(6)),
  );
  return rows.map((row) => `${row.join(",")}\n`).join("");
}

/** Numbers from 0 to 1 that follow from a text. */
function sequenceOf(seed: string): () => number {
  let state = [...seed].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 2_147_483_647, 7);
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/**
 * Makes a zone's disk: ext4 in a file, and a loop device over it that only reads.
 * @returns the device
 * @throws CommandFailed where this machine has no loop device left
 */
export async function makeDataDisk(folder: string, zone: string): Promise<string> {
  const [content, image] = [join(folder, `${zone}-data`), join(folder, `${zone}-data.ext4`)];
  await mkdir(content, { mode: 0o755 });
  await writeFile(join(content, OBSERVATIONS), observationsOf(zone), { mode: 0o644 });
  await run("mke2fs", ["-q", "-t", "ext4", "-d", content, image, "4M"]);
  await rm(content, { recursive: true });
  return (await run("losetup", ["--read-only", "--find", "--show", image])).trim();
}

/** Puts a copy of what is on a zone's disk into a VM. @returns its folder there */
export async function copyOfDisk(vm: RealView, zone: string): Promise<string> {
  const folder = `/tmp/${zone}`;
  const copy = 'mkdir -p "$1"; printf %s "$2" > "$1/$3"';
  await new Inside(vm).run(["sh", "-ec", copy, "sh", folder, observationsOf(zone), OBSERVATIONS]);
  return folder;
}

/** Lets go of the loop devices over files of a folder. */
export async function endDataDisks(folder: string): Promise<void> {
  const listed = await run("losetup", ["--list", "--json", "--output", "NAME,BACK-FILE"]);
  if (listed.trim() === "") return;
  const found = loops.parse(JSON.parse(listed)).loopdevices;
  for (const { name, "back-file": file } of found) {
    if (file?.startsWith(`${folder}/`)) await run("losetup", ["--detach", name]);
  }
}
