/** How files are named and how long they are: a file says by its name what is in it, and is read in one sitting. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, sep } from "node:path";
import { suite, test } from "node:test";
import { packageRoot } from "../../src/package-root.ts";

const MOST_LINES = 350;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const VAGUE = /^(utils?|helpers?|managers?|common|misc|shared|stuff|index|types|functions|lib)$/;

const entries = ["src", "test"].flatMap((folder) =>
  readdirSync(join(packageRoot(), folder), { recursive: true, encoding: "utf8" }).map((name) =>
    join(folder, name).split(sep).join("/"),
  ),
);
const files = entries.filter((name) => name.endsWith(".ts"));
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

  test(`of the program has at most ${MOST_LINES} lines`, () => {
    const long = files
      .filter((file) => file.startsWith("src/"))
      .map((file) => [file, readFileSync(join(packageRoot(), file), "utf8").split("\n").length] as const)
      .filter(([, lines]) => lines > MOST_LINES);
    assert.deepEqual(long, []);
  });
});
