/** `npm run build`, once the compiler is through: removes what sources that are gone have left, and writes what ships. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../src/package-root.ts";
import { leftovers } from "./leftovers.ts";
import { programs } from "./programs.ts";

/** Beside programs that run from there: nothing that is the same, and nothing by halves. */
function write(path: string, contents: Uint8Array): void {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  const half = `${path}.${process.pid}`;
  writeFileSync(half, contents);
  renameSync(half, path);
}

const root = packageRoot();
const dist = join(root, "dist");
for (const name of leftovers(root, dist)) rmSync(join(dist, name));
for (const { name, contents } of await programs(root)) write(join(dist, name), contents);
