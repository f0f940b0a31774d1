/**
 * Several processes of a run read the same files of tests, each file by one of them: whichever is free takes the next.
 * What a process has once loaded and run is quick from then on, and none has nothing to do while files are left.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe } from "node:test";
import { pathToFileURL } from "node:url";

/**
 * A suite of its own for a file, so that the hooks outside of its suites are not those of the whole process.
 *
 * @returns when its tests have ended
 */
export function readAlone(name: string, path: string): Promise<void> {
  return new Promise((ended) => {
    describe(name, async () => {
      after(() => ended());
      await import(pathToFileURL(path).href);
    });
  });
}

/** Files as people know them, and where they are. */
export interface Told {
  readonly name: string;
  readonly path: string;
}

/** Reads what nobody has taken yet, one file after another. `place` is the same folder for all who read these files. */
export async function readInTurns(files: readonly Told[], place: string): Promise<void> {
  for (const [at, { name, path }] of files.entries()) if (isMine(join(place, String(at)))) await readAlone(name, path);
}

function isMine(claim: string): boolean {
  try {
    mkdirSync(claim);
    return true;
  } catch {
    return false;
  }
}
