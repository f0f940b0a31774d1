/** Where the project's own files lie, from wherever it was compiled to. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder with package.json above this file. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const above = dirname(folder);
    if (above === folder)
      throw new Error("The project's files are missing: there is no package.json above the program.");
    folder = above;
  }
  return folder;
}
