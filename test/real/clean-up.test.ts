import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { z } from "zod";
import { GuestsClient } from "../../sandbox/hypervisor/client.ts";
import { run } from "../../sandbox/hypervisor/real/command.ts";
import { until } from "../waiting.ts";
import { leftOut } from "./left-out.ts";

const SANDBOX = join(import.meta.dirname, "..", "..", "sandbox");
const PROGRAM = join(SANDBOX, "hypervisor", "main.js");
const TOKEN = "of-this-test";
const ready = z.object({ url: z.string() });

type Guests = { readonly child: ChildProcess; readonly client: GuestsClient };

describe("the program of real guests", { skip: await leftOut() }, () => {
  test("leaves no namespace, mount or process when it is told to end", async () => {
    const { child } = await guestsWithOneVm();
    assert.notDeepEqual(await leftovers(child), []);
    child.kill("SIGTERM");
    await once(child, "exit");
    assert.deepEqual(await leftovers(child), []);
  });

  test("removes at its start what a killed one left, and nothing of one that runs", async () => {
    const running = await guestsWithOneVm();
    const killed = await guestsWithOneVm();
    killed.child.kill("SIGKILL");
    await once(killed.child, "exit");
    assert.notDeepEqual(await leftovers(killed.child), []);
    const next = await guestsWithOneVm();
    assert.deepEqual(await leftovers(killed.child), []);
    assert.equal((await running.client.realGuests())[0]?.state, "running");
    for (const { child } of [running, next]) {
      child.kill("SIGTERM");
      await once(child, "exit");
      assert.deepEqual(await leftovers(child), []);
    }
  });

  test("leaves nothing either when the sandbox that started it is killed", async () => {
    const args = [join(SANDBOX, "main.js"), "--real", "--speed", "20"];
    const sandbox = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    await readyLine(sandbox);
    const pid = Number(await run("pgrep", ["-P", String(sandbox.pid), "-f", join(SANDBOX, "stand-ins.js")]));
    assert.notDeepEqual(await leftovers({ pid }), []);
    sandbox.kill("SIGKILL");
    await until("all of it is gone", async () => (await leftovers({ pid })).length === 0);
  });
});

async function guestsWithOneVm(): Promise<Guests> {
  const child = spawn(process.execPath, [PROGRAM, "--real"], {
    env: { ...process.env, FLORIST_GUESTS_TOKEN: TOKEN },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { url } = ready.parse(JSON.parse((await readyLine(child)).replace(/^ready /, "")));
  const client = new GuestsClient({ url, token: TOKEN });
  await client.start({
    zone: "zone-a",
    vmId: 7,
    context: vm(),
    oneGate: { url: "http://127.0.0.1:9", token: "none" },
  });
  return { child, client };
}

async function readyLine({ stdout }: ChildProcess): Promise<string> {
  assert.ok(stdout);
  for await (const line of createInterface({ input: stdout })) return line;
  throw new Error("The program ended before it was ready.");
}

/** A process that would stay, and that has left its group. */
function vm(): Record<string, string> {
  const script = Buffer.from("#!/bin/sh\nsetsid sleep 1000 &\n").toString("base64");
  const network = { ETH0_IP: "10.10.0.10", ETH0_MASK: "255.255.0.0", ETH0_GATEWAY: "10.10.0.1" };
  return { ...network, START_SCRIPT_BASE64: script };
}

/** Names of namespaces and folders that belong to a program. */
async function leftovers({ pid }: Pick<ChildProcess, "pid">): Promise<readonly string[]> {
  const spaces = (await run("ip", ["netns", "list"])).split("\n").filter((name) => name.startsWith(`florist-${pid}-`));
  const folder = `/run/florist-guests/${pid}`;
  return existsSync(folder) ? [...spaces, folder] : spaces;
}
