/** How files are named and how long they are: a file says by its name what is in it, and is read in one sitting. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, sep } from "node:path";
import { suite, test } from "node:test";
import { packageRoot } from "../../src/package-root.ts";

const MOST_LINES = 350;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const VAGUE = /^(utils?|helpers?|managers?|common|misc|shared|stuff|index|types|functions|lib)$/;

/** Words that have a better one, which stands beside them; what is called by the old one is hard to find by the new. */
const REPLACED: readonly (readonly [old: RegExp, better: string, roots: readonly string[]])[] = [
  [/machine-?room/i, "runtime", ["src", "test", "sandbox"]],
  [/workshop/i, "task context", ["src", "test", "sandbox"]],
  [/ledger/i, "federation store", ["src", "test", "sandbox"]],
  [/holdings/i, "account resources", ["src", "test", "sandbox"]],
  [/surroundings/i, "context", ["src", "test", "sandbox"]],
  [/(?<!heart)beats?\b/i, "heartbeat", ["src", "test", "sandbox"]],
  // Slack's stand-in has a world: who and what there is in its workspaces.
  [/world/i, "decision context", ["src"]],
];

const entries = ["src", "sandbox", "test"].flatMap((folder) =>
  readdirSync(join(packageRoot(), folder), { recursive: true, encoding: "utf8" }).map((name) =>
    join(folder, name).split(sep).join("/"),
  ),
);
const files = entries.filter((name) => /\.tsx?$/.test(name));
const folders = entries.filter((name) => statSync(join(packageRoot(), name)).isDirectory());

/** `approval.test.ts` is about `approval`. */
const stem = (file: string): string => basename(file).replace(/(\.[a-z0-9]+)+$/, "");

suite("A file or folder", () => {
  test("is named in kebab-case", () => {
    assert.deepEqual(
      [...files.map((file) => [file, stem(file)]), ...folders.map((folder) => [folder, basename(folder)])]
        .filter(([, name]) => !KEBAB_CASE.test(name ?? ""))
        .map(([path]) => path),
      [],
    );
  });

  test("is named for what is in it, never with a word that fits everything", () => {
    const vague = [...files, ...folders].filter((path) => path.split("/").some((part) => VAGUE.test(stem(part))));
    assert.deepEqual(vague, []);
  });

  test(`of the program or the sandbox has at most ${MOST_LINES} lines`, () => {
    const long = files
      .filter((file) => !file.startsWith("test/"))
      .map((file) => [file, readFileSync(join(packageRoot(), file), "utf8").split("\n").length] as const)
      .filter(([, lines]) => lines > MOST_LINES);
    assert.deepEqual(long, []);
  });

  test("says nothing by a word that has been replaced by a better one", () => {
    const own = "test/architecture/names.test.ts";
    const found = files.flatMap((file) => {
      const words = `${file}\n${readFileSync(join(packageRoot(), file), "utf8")}`;
      const bad = REPLACED.filter(
        ([old, , roots]) => roots.some((root) => file.startsWith(`${root}/`)) && old.test(words),
      );
      return file === own ? [] : bad.map(([old, better]) => `${file}: ${old} is called ${better}`);
    });
    assert.deepEqual(found, []);
  });
});
