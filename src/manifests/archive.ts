/** Keeps what was given to zones, by its digest: what runs is compared with it, shown and made again after an upgrade. */
import { randomBytes } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makePrivateDirectory, syncDirectory } from "../durable-directory.ts";
import {
  libraryOf,
  type Manifest,
  type ManifestLibrary,
  manifestDigest,
  manifest as manifestSchema,
  type ShippedManifests,
} from "../federation/model/manifests.ts";
import type { Log } from "../federation/ports.ts";

const NAME = /^([0-9a-f]{64})\.json$/;

/** Takes the manifests of this version in, and gives all that were ever kept. One that cannot be read is told and left out. */
export async function openManifestArchive(
  directory: string,
  current: ShippedManifests,
  log: Pick<Log, "warn">,
): Promise<ManifestLibrary> {
  await makePrivateDirectory(directory);
  for (const one of [current.coordinator, current.training]) await keep(directory, one);
  const names = (await readdir(directory)).filter((name) => NAME.test(name));
  const kept: Manifest[] = [];
  for (const name of names) {
    const found = await read(join(directory, name), name);
    if (found === null)
      log.warn(
        { file: name },
        "a manifest that was kept is damaged: sites that run with it cannot be retried as they are",
      );
    else kept.push(found);
  }
  return libraryOf(current, kept);
}

async function read(path: string, name: string): Promise<Manifest | null> {
  try {
    const parsed = manifestSchema.parse(JSON.parse(await readFile(path, "utf8")));
    return `${manifestDigest(parsed)}.json` === name ? parsed : null;
  } catch {
    return null;
  }
}

/** Whole or not at all; one that is there already is left as it is, unless it is damaged. */
async function keep(directory: string, manifest: Manifest): Promise<void> {
  const name = `${manifestDigest(manifest)}.json`;
  const path = join(directory, name);
  if ((await read(path, name)) !== null) return;
  const draft = join(directory, `.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await writeFile(draft, JSON.stringify(manifest), { mode: 0o600, flush: true });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}
