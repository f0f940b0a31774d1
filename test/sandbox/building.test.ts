/** Building beside what runs: what has not changed is not written, and nothing is deleted but what no source is left of. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { leftovers } from "../../sandbox/leftovers/leftovers.ts";
import { packageRoot } from "../../src/package-root.ts";

/** Every file below, with when it was written and which one it is. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { mtimeMs, ino, size } = statSync(join(folder, name));
      return `${name} ${mtimeMs} ${ino} ${size}`;
    });
}

suite("npm run build", () => {
  test("writes and deletes nothing when nothing has changed", () => {
    const compiled = join(packageRoot(), "dist");
    const before = filesIn(compiled);
    execFileSync("npm", ["run", "--silent", "build"], { cwd: packageRoot() });
    assert.deepEqual(filesIn(compiled), before);
  });

  test("removes what a source that is gone has left, and nothing else", (context) => {
    const root = mkdtempSync(join(tmpdir(), "florist-build-"));
    context.after(() => rmSync(root, { recursive: true }));
    const put = (name: string) => {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), "");
    };
    for (const name of ["src/here.ts", "page/drawn.tsx", "dist/src/here.js", "dist/src/here.js.map"]) put(name);
    for (const name of ["dist/page/drawn.js", "dist/page/style.css", "dist/.tsbuildinfo"]) put(name);
    for (const name of ["dist/src/gone.js", "dist/src/gone.js.map"]) put(name);
    assert.deepEqual([...leftovers(root, join(root, "dist"))].sort(), ["src/gone.js", "src/gone.js.map"]);
  });
});
