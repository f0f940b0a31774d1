/** `npm start` as a process manager has it: the signal goes to npm, and the bot must end by it. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { passwordVariable, sandboxPassword, sandboxZonesFile } from "../sandbox/zones-file.ts";
import { packageRoot } from "../src/package-root.ts";
import { APP_TOKEN, BOT_TOKEN, openWorkspace } from "./sandbox/slack/workspace.ts";
import { until } from "./waiting.ts";

/** Nobody listens there: the bot serves although no zone answers. */
const ZONE = { name: "zone-a", xmlrpc: "http://127.0.0.1:9/RPC2", oneflow: "http://127.0.0.1:9" };

test("npm start ends with the bot when npm is sent SIGTERM", async (context) => {
  const workspace = await openWorkspace(context);
  const directory = await mkdtemp(join(tmpdir(), "florist-npm-start-"));
  const zonesFile = join(directory, "zones.yml");
  await writeFile(zonesFile, stringify(sandboxZonesFile([ZONE], 1)));
  const npm = spawn("npm", ["start"], {
    cwd: packageRoot(),
    stdio: ["ignore", "pipe", "ignore"],
    env: {
      ...process.env,
      SLACK_API_URL: `${workspace.url}/api/`,
      SLACK_BOT_TOKEN: BOT_TOKEN,
      SLACK_APP_TOKEN: APP_TOKEN,
      FLORIST_KEY: randomBytes(32).toString("hex"),
      FLORIST_ZONES_FILE: zonesFile,
      FLORIST_DATA_DIRECTORY: join(directory, "data"),
      [passwordVariable(ZONE.name)]: sandboxPassword(ZONE.name),
    },
  });
  let started: readonly number[] = [];
  context.after(async () => {
    // A bot that outlived its npm is what this test looks for; it must not outlive the test.
    for (const pid of await livingOf(started)) process.kill(pid, "SIGKILL");
    npm.kill("SIGKILL");
    await rm(directory, { recursive: true });
  });
  await ready(npm);
  started = await descendantsOf(npm.pid ?? 0);
  assert.ok(started.length > 0);
  npm.kill("SIGTERM");
  if (npm.exitCode === null && npm.signalCode === null) await once(npm, "exit");
  await until(
    "the end of all that npm started",
    () => livingOf(started),
    (left) => left.length === 0,
  );
});

async function ready({ stdout }: ChildProcess): Promise<void> {
  assert.ok(stdout);
  for await (const line of createInterface({ input: stdout })) if (line.startsWith("ready ")) return;
  assert.fail("npm ended before the bot was ready.");
}

/** Every process with its parent and its state, where Z is one that has ended. */
async function processes(): Promise<readonly { pid: number; parent: number; state: string }[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,ppid=,stat="]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, state = ""]) => ({ pid: Number(pid), parent: Number(parent), state }));
}

async function descendantsOf(pid: number): Promise<readonly number[]> {
  const all = await processes();
  const below = (parent: number): readonly number[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one.pid, ...below(one.pid)]);
  return below(pid);
}

async function livingOf(pids: readonly number[]): Promise<readonly number[]> {
  return (await processes())
    .filter(({ pid, state }) => pids.includes(pid) && !state.startsWith("Z"))
    .map(({ pid }) => pid);
}
