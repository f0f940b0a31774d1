import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { until } from "../waiting.ts";

const SANDBOX = join(import.meta.dirname, "..", "..", "sandbox", "main.js");

const execute = promisify(execFile);

describe("the sandbox's programs", () => {
  it("end when what started them was killed", async () => {
    const sandbox = spawn(process.execPath, [SANDBOX, "--speed", "20"], { stdio: ["ignore", "pipe", "inherit"] });
    await ready(sandbox);
    const parts = await childrenOf(sandbox);
    assert.equal(parts.length, 2, "the bot and the stand-ins");
    sandbox.kill("SIGKILL");
    await once(sandbox, "exit");
    await until(
      "the end of its parts",
      () => commandsOf(parts),
      (left) => left.length === 0,
    );
  });
});

async function ready({ stdout }: ChildProcess): Promise<void> {
  assert.ok(stdout);
  for await (const line of createInterface({ input: stdout })) if (line.startsWith("ready ")) return;
  assert.fail("The sandbox ended before it was ready.");
}

const childrenOf = async ({ pid }: ChildProcess): Promise<readonly string[]> =>
  (await printed("pgrep", "-P", String(pid))).split("\n");

async function livingOf(pids: readonly string[]): Promise<readonly string[]> {
  const states = await Promise.all(pids.map((pid) => printed("ps", "-o", "stat=", "-p", pid)));
  // One that has ended and that nobody has asked for is still listed, as Z.
  return pids.filter((_, index) => /^[^Z]/.test(states[index] ?? ""));
}

/** The command lines of those that are still alive. */
const commandsOf = async (pids: readonly string[]): Promise<readonly string[]> =>
  await Promise.all((await livingOf(pids)).map((pid) => printed("ps", "-o", "args=", "-p", pid)));

/** What it printed; nothing where it found nothing, which both say with another exit code than 0. */
async function printed(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(program, args).catch(() => ({ stdout: "" }));
  return stdout.trim();
}
