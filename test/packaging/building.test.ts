/** Building beside what runs: what has not changed is not written, and nothing is deleted but what no source is left of. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { z } from "zod";
import { leftovers } from "../../packaging/leftovers.ts";
import { licences, packagesIn } from "../../packaging/licences.ts";
import { packageRoot } from "../../src/package-root.ts";

const COMPILED = join(packageRoot(), "dist");

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
    const before = filesIn(COMPILED);
    execFileSync("npm", ["run", "--silent", "build"], { cwd: packageRoot() });
    assert.deepEqual(filesIn(COMPILED), before);
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

  test("writes programs that ask for nothing but what Node.js brings", () => {
    for (const name of ["florist.mjs", "doctor.mjs", "agent-pack.mjs"]) {
      const asked = readFileSync(join(COMPILED, name), "utf8").matchAll(/^(?:import .*|} )from "([^"]+)";$/gm);
      const names = [...asked].map(([, asks = ""]) => asks.split("/")[0] ?? "");
      assert.ok(names.length > 0, name);
      assert.deepEqual(
        names.filter((asks) => !isBuiltin(asks)),
        [],
      );
    }
  });

  test("writes the licence of every package that is in them", () => {
    const notices = readFileSync(join(COMPILED, "licences.txt"), "utf8");
    const { sources } = z
      .object({ sources: z.array(z.string()) })
      .parse(JSON.parse(readFileSync(join(COMPILED, "florist.mjs.map"), "utf8")));
    const packages = packagesIn(sources);
    assert.ok(packages.length > 50);
    for (const folder of packages) {
      const text = readFileSync(join(COMPILED, folder, "package.json"), "utf8");
      const { name, version } = z.object({ name: z.string(), version: z.string() }).parse(JSON.parse(text));
      assert.match(notices, new RegExp(`^${name} ${version.replaceAll(".", "\\.")}: `, "m"));
    }
    assert.match(notices, /^@slack\/bolt [\d.]+: MIT\n\n.*\n\nCopyright \(c\) /m);
  });

  test("lets no code ship whose package names no licence", (context) => {
    const root = mkdtempSync(join(tmpdir(), "florist-licence-"));
    context.after(() => rmSync(root, { recursive: true }));
    const folder = "node_modules/nobodys";
    mkdirSync(join(root, folder), { recursive: true });
    const put = (manifest: object) => writeFileSync(join(root, folder, "package.json"), JSON.stringify(manifest));
    put({ name: "nobodys", version: "1.0.0" });
    assert.throws(() => licences(root, [folder]), /node_modules\/nobodys\/package\.json names no licence/);
    put({ name: "nobodys", version: "1.0.0", license: "MIT" });
    assert.equal(licences(root, [folder]), "nobodys 1.0.0: MIT\n");
  });
});
