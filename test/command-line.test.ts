/** What the program does when it is asked for something else than to run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { readCommandLine } from "../src/command-line.ts";
import { packageRoot } from "../src/package-root.ts";
import { ENVIRONMENT, FILES } from "./config/sample.ts";

const MAIN = join(import.meta.dirname, "../florist.mjs");

function asked(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env["PATH"], ...environment },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** The sample configuration on disk. */
function sampleOnDisk(context: TestContext): NodeJS.ProcessEnv {
  const directory = mkdtempSync(join(tmpdir(), "florist-check-"));
  context.after(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text, { mode: 0o600 });
  return { ...ENVIRONMENT, FLORIST_ZONES_FILE: join(directory, "zones.yml") };
}

describe("npm start -- --check", () => {
  test("says that a right configuration is right, and ends with 0", (context) => {
    const { status, stdout, stderr } = asked(["--check"], sampleOnDisk(context));
    assert.deepEqual([status, stderr], [0, ""]);
    assert.equal(stdout, "The configuration is right: the bot connects to Slack; zones: zone-a, zone-b.\n");
  });

  test("lists every mistake with its remedy as a start does, and ends with 2", (context) => {
    const environment = { ...sampleOnDisk(context), SLACK_BOT_TOKEN: "", FLORIST_PORT: "x" };
    const { status, stdout, stderr } = asked(["--check"], environment);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /2 mistakes.*FLORIST_PORT.*SLACK_BOT_TOKEN/s);
  });
});

test("npm start -- --version says the package's version", () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
  assert.deepEqual(asked(["--version"]), { status: 0, stdout: `${version}\n`, stderr: "" });
});

describe("The command line", () => {
  test("is explained by --help, with every option", () => {
    const { status, stdout } = asked(["--help"]);
    assert.equal(status, 0);
    for (const option of ["--check", "--version", "--help"]) assert.ok(stdout.includes(`  ${option}  `), option);
  });

  test("runs the bot when nothing else is asked for", () => {
    assert.deepEqual(readCommandLine([]), { kind: "run" });
  });

  for (const [args, sentence] of [
    [["--chekc"], /no option --chekc\..*--help/],
    [["check"], /no option check\./],
    [["--check", "--version"], /--version and --check cannot be had together/],
  ] as const) {
    test(`refuses ${args.join(" ")} with a sentence`, () => {
      const wanted = readCommandLine(args);
      assert.match(wanted.kind === "mistake" ? wanted.sentence : "", sentence);
    });
  }

  test("ends the program with 2 when it is wrong", () => {
    const { status, stderr } = asked(["--chekc"]);
    assert.equal(status, 2);
    assert.equal(stderr, "There is no option --chekc. --help lists what there is.\n");
  });
});
