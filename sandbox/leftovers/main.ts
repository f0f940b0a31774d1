/** Removes what sources that are gone have left among the compiled files. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/package-root.ts";
import { leftovers } from "./leftovers.ts";

const compiled = join(packageRoot(), "dist");
for (const name of leftovers(packageRoot(), compiled)) rmSync(join(compiled, name));
