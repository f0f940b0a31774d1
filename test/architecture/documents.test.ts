/** What people read must be what the program does. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { VARIABLES } from "../../src/config/environment.ts";
import { LoopDelay } from "../../src/health/loop-delay.ts";
import { Metrics } from "../../src/health/metrics.ts";
import { readGuestScript } from "../../src/manifests/guest-script.ts";
import { packageRoot } from "../../src/package-root.ts";

const read = (name: string): string => readFileSync(join(packageRoot(), name), "utf8");

const CONFIGURATION = read("docs/configuration.md");
const manifest = z
  .object({
    scripts: z.record(z.string(), z.string()),
    dependencies: z.record(z.string(), z.string()),
    license: z.string(),
    engines: z.object({ node: z.string() }),
  })
  .parse(JSON.parse(read("package.json")));

/** First and second cell of every row that begins with a name in backticks. */
const rows = [...CONFIGURATION.matchAll(/^\| `([^`]+)` \| `?([^|`]+?)`? \|/gm)].map(
  ([, name = "", value = ""]) => [name, value] as const,
);

/** `{polling: {fastest: 1 s}}` becomes `polling.fastest: 1 s`. */
function leaves(value: unknown, path = ""): readonly (readonly [string, string])[] {
  if (typeof value !== "object" || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`));
}

suite("What people set up", () => {
  test("names every variable that the bot reads, and no other", () => {
    const documented = rows.map(([name]) => name).filter((name) => /^[A-Z_]+$/.test(name));
    const read = VARIABLES.filter((name) => !VARIABLES.includes(name.replace(/_FILE$/, "")) || !name.endsWith("_FILE"));
    assert.deepEqual(documented.toSorted(), read.toSorted());
  });

  test("gives the default of every duration and limit", () => {
    const documented = rows.filter(([name]) => !/^[A-Z_]+$/.test(name));
    const { policy } = z.object({ policy: z.unknown() }).parse(parse(read("zones.example.yml")));
    assert.deepEqual(documented, leaves(policy));
  });

  test("runs scripts that exist", () => {
    const pages = ["README.md", "CONTRIBUTING.md", "sandbox/README.md", "docs/setting-up.md", "docs/operating.md"]
      .map(read)
      .join("\n");
    const scripts = [...pages.matchAll(/npm run ([a-z:]+)/g), ...pages.matchAll(/`(sandbox:[a-z]+)`/g)];
    for (const [, script = ""] of scripts) assert.ok(script in manifest.scripts, script);
  });
});

test("Operating names every metric that the bot has, and no other", async () => {
  const page = read("docs/operating.md");
  const documented = new Set(
    [...page.matchAll(/^\|.*$/gm)].flatMap(([row]) => row.match(/\b(?:florist|process)_[a-z_]+/g) ?? []),
  );
  const loop = new LoopDelay();
  const text = await new Metrics(() => null, loop).text();
  loop.stop();
  const there = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name);
  assert.ok(there.length > 10);
  assert.deepEqual([...documented].sort(), there.sort());
});

test("Every link between pages leads to a file that exists", () => {
  const atTop = readdirSync(packageRoot()).filter((name) => name.endsWith(".md"));
  const below = ["docs", "manifests", "sandbox", "src", "test"].flatMap((folder) =>
    readdirSync(join(packageRoot(), folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  );
  const pages = [...atTop, ...below.filter((name) => name.endsWith(".md"))];
  assert.ok(atTop.length > 3 && pages.length > 9);
  for (const page of pages) {
    for (const [, target = ""] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      assert.ok(existsSync(join(packageRoot(), dirname(page), target)), `${page}: ${target}`);
    }
  }
});

suite("What runs in my zone", () => {
  const page = read("docs/what-runs-in-my-zone.md");
  const sources = join(packageRoot(), "manifests", "guest");
  const block = (begin: string): string => {
    const found = [...page.matchAll(/^```\n([\s\S]*?)^```$/gm)].find(([, text]) => text?.startsWith(begin));
    return found?.[1] ?? assert.fail(`no block that begins with ${begin}`);
  };
  /** Whether nothing but leaving out makes the one the other. */
  const isLeftOf = (whole: string, rest: string): boolean =>
    [...whole].reduce((at, character) => (character === rest[at] ? at + 1 : at), 0) === rest.length;
  const shell = (command: string, folder: string) =>
    execFileSync("/bin/sh", ["-ec", command], { cwd: folder, encoding: "utf8" });

  test("prints the digest that the approval card shows", async () => {
    const { sha256 } = await readGuestScript(sources);
    assert.equal(shell(block("LC_ALL=C sha256sum"), sources), `${sha256}  -\n`);
  });

  test("packs the sources into exactly what a VM is given", async () => {
    const { base64 } = await readGuestScript(sources);
    const folder = mkdtempSync(join(tmpdir(), "florist-packed-"));
    try {
      writeFileSync(join(folder, "start-script.base64"), base64);
      const commands = block("npm run agent:pack").replace("npm run", `npm --prefix ${packageRoot()} run`);
      // npm runs scripts where the project is, so the file is named from the root.
      const there = commands.replaceAll("packed.base64", join(folder, "packed.base64"));
      assert.match(shell(there, folder), /the same\n$/);
      writeFileSync(join(folder, "start-script.base64"), `${base64.slice(0, -4)}AAAA`);
      assert.throws(() => shell(there, folder), /Command failed/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("names every file of the agent for whoever reads it", () => {
    const files = readdirSync(sources).filter((name) => /[.](py|sh)$/.test(name));
    for (const name of files) assert.ok(page.includes(`\`${name}\``), name);
  });

  test("unpacks what travels, line for line what stands in the repository but for comments, types and indentation", async () => {
    const { base64 } = await readGuestScript(sources);
    const folder = mkdtempSync(join(tmpdir(), "florist-unpacked-"));
    try {
      writeFileSync(join(folder, "start-script.base64"), base64);
      shell(block("python3 -c"), folder);
      const names = readdirSync(sources).filter((name) => /[.](py|txt)$/.test(name));
      assert.deepEqual(readdirSync(folder).sort(), ["start-script.base64", ...names].sort());
      assert.match(page, new RegExp(`is ${names.filter((name) => name.endsWith(".py")).length} short files of Python`));
      for (const name of names) {
        const lines = readFileSync(join(sources, name), "utf8").split("\n");
        const travelled = readFileSync(join(folder, name), "utf8").split("\n");
        assert.equal(travelled.length, lines.length, name);
        travelled.forEach((line, at) => {
          const indented = line.replace(/^ +/, (indent) => (name.endsWith(".py") ? indent.repeat(4) : indent));
          const source = lines[at] ?? "";
          const declares = /^ *(def |self\.)/.test(line) && isLeftOf(source, indented);
          assert.ok(source.startsWith(indented) || declares, `${name}:${at + 1}`);
        });
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

test("The first run starts the app that is shipped, with settings that it has", () => {
  const page = read("docs/first-run.md");
  const [, app = "", settings = ""] = /^flwr run (\S+) hearts --stream --run-config '(.*)'$/m.exec(page) ?? [];
  const configuration = read(join(app, "pyproject.toml")).split("[tool.flwr.app.config]")[1] ?? "";
  const known = [...configuration.matchAll(/^([a-z-]+) = /gm)].map(([, name]) => name);
  const given = settings.split(" ").map((pair) => pair.split("=")[0]);
  assert.ok(given.length > 1);
  for (const name of given) assert.ok(known.includes(name), name);
  assert.match(page, /pip install 'flwr==1\.31\.0'/);
  assert.ok(readdirSync(join(packageRoot(), "manifests/guest")).includes("flower-1.31.0.txt"));
});

suite("What GitHub is told", () => {
  const workflow = z
    .object({
      jobs: z.record(
        z.string(),
        z.object({
          strategy: z.object({ matrix: z.object({ node: z.array(z.string()) }) }),
          steps: z.array(z.object({ run: z.string().optional() })),
        }),
      ),
    })
    .parse(parse(read(".github/workflows/check.yml")));

  test("is to run .ci/run on the oldest supported version of Node.js and on newer ones", () => {
    const [oldest, ...newer] = Object.values(workflow.jobs).flatMap(({ strategy }) => strategy.matrix.node);
    assert.equal(`>=${oldest}`, manifest.engines.node);
    assert.ok(newer.length > 1 && newer.every((version) => Number.parseInt(version, 10) > 20), String(newer));
    for (const { steps } of Object.values(workflow.jobs)) assert.ok(steps.some(({ run }) => run === ".ci/run"));
  });

  test("has forms for issues that ask for something", () => {
    const form = z.object({
      name: z.string(),
      description: z.string(),
      body: z.array(z.object({ type: z.enum(["markdown", "textarea", "input", "checkboxes"]) })).min(2),
    });
    for (const name of ["bug", "wish"]) form.parse(parse(read(`.github/ISSUE_TEMPLATE/${name}.yml`)));
    z.object({ blank_issues_enabled: z.literal(false) }).parse(parse(read(".github/ISSUE_TEMPLATE/config.yml")));
  });
});

suite("The sandbox's package", () => {
  const sandbox = z
    .object({ bin: z.record(z.string(), z.string()), dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(read("sandbox/package.json")));

  test("has every command that its page names, and each starts a program that exists", () => {
    for (const [, command = ""] of read("sandbox/README.md").matchAll(/`(sandbox-[a-z]+)`/g)) {
      const launcher = read(join("sandbox", sandbox.bin[command] ?? assert.fail(command)));
      const [, program = ""] = /import\("..\/..\/dist\/([^"]+)\.js"\)/.exec(launcher) ?? [];
      assert.ok(existsSync(join(packageRoot(), `${program}.ts`)), command);
    }
  });

  test("takes what the bot takes too in the same versions, and names every other version exactly", () => {
    for (const [name, version] of Object.entries(sandbox.dependencies)) {
      if (name in manifest.dependencies) assert.equal(version, manifest.dependencies[name], name);
      else assert.match(version, /^\d+\.\d+\.\d+$/, name);
    }
  });
});

test("The CI script runs the README's test command", () => {
  assert.match(read("README.md"), /^npm ci && npm test$/m);
  assert.match(read(".ci/run"), /^npm ci .*&& npm test$/m);
});
