/** What stands in files that a program may be writing meanwhile. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const TRIES = 20;

/** By path. A file that is renamed between a look at its folder and at itself is looked for once more. */
export async function filesBelow(directory: string): Promise<readonly (readonly [string, string])[]> {
  for (let tries = 1; ; tries += 1) {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    try {
      return await Promise.all(paths.map(async (path) => [path, await readFile(path, "utf8")] as const));
    } catch (error) {
      const isRenamed = error instanceof Error && "code" in error && error.code === "ENOENT";
      if (!isRenamed || tries === TRIES) throw error;
    }
  }
}
