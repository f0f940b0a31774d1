/** What people read must be what the program does. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { VARIABLES } from "../../src/config/environment.ts";
import { packageRoot } from "../../src/package-root.ts";

const read = (name: string): string => readFileSync(join(packageRoot(), name), "utf8");

const README = read("README.md");
const manifest = z
  .object({ scripts: z.record(z.string(), z.string()), license: z.string() })
  .parse(JSON.parse(read("package.json")));

/** First and second cell of every row that begins with a name in backticks. */
const rows = [...README.matchAll(/^\| `([^`]+)` \| `?([^|`]+?)`? \|/gm)].map(
  ([, name = "", value = ""]) => [name, value] as const,
);

/** `{polling: {fastest: 1 s}}` becomes `polling.fastest: 1 s`. */
function leaves(value: unknown, path = ""): readonly (readonly [string, string])[] {
  if (typeof value !== "object" || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`));
}

suite("The README", () => {
  test("names every variable that the bot reads, and no other", () => {
    const documented = rows.map(([name]) => name).filter((name) => /^[A-Z_]+$/.test(name));
    const read = VARIABLES.filter((name) => !VARIABLES.includes(name.replace(/_FILE$/, "")) || !name.endsWith("_FILE"));
    assert.deepEqual(documented.toSorted(), read.toSorted());
  });

  test("gives the usual value of every duration and limit", () => {
    const documented = rows.filter(([name]) => !/^[A-Z_]+$/.test(name));
    const { policy } = z.object({ policy: z.unknown() }).parse(parse(read("zones.example.yml")));
    assert.deepEqual(documented, leaves(policy));
  });

  test("runs scripts that exist and links to files that exist", () => {
    const scripts = [...README.matchAll(/npm run ([a-z:]+)/g), ...README.matchAll(/`(sandbox:[a-z]+)`/g)];
    for (const [, script = ""] of scripts) assert.ok(script in manifest.scripts, script);
    for (const [, target = ""] of README.matchAll(/\]\((?!https:)([^)]+)\)/g)) {
      assert.ok(existsSync(join(packageRoot(), target)), target);
    }
  });
});

suite("The container image", () => {
  const dockerfile = read("Dockerfile");

  test("starts what npm start starts, as nobody special, and reads variables that exist", () => {
    const command = z.array(z.string()).parse(JSON.parse(/^CMD (.*)$/m.exec(dockerfile)?.[1] ?? ""));
    assert.equal(command.join(" "), manifest.scripts["start"]);
    assert.match(dockerfile, /^USER node$/m);
    const set = [...dockerfile.matchAll(/\b(FLORIST_[A-Z_]+)=/g)].map(([, name = ""]) => name);
    assert.ok(set.length > 0);
    for (const name of set) assert.ok(VARIABLES.includes(name), name);
  });

  test("is made of files that exist and are let in", () => {
    const letIn = read(".dockerignore")
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, names = ""]) =>
      names.split(" "),
    );
    assert.ok(copied.length > 0);
    for (const name of copied) {
      assert.ok(existsSync(join(packageRoot(), name)), name);
      assert.ok(letIn.includes(name), name);
    }
  });
});

test("The CI script runs the README's test command", () => {
  assert.match(README, /^npm install && npm test$/m);
  assert.match(read(".ci/run"), /^npm install .*&& npm test$/m);
});
