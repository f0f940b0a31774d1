import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { GuestsClient } from "../../../sandbox/hypervisor/client.ts";
import { eventually } from "../../waiting.ts";

const PROGRAM = join(import.meta.dirname, "../../../sandbox/hypervisor/main.js");
const DUMMY = {
  zone: "zone a/1",
  vmId: 5,
  context: { NETWORK: "YES" },
  oneGate: { url: "http://127.0.0.1:1", token: "t" },
};

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "florist-test-"));
});
const started: ChildProcess[] = [];
after(async () => {
  for (const child of started) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

/** The program in a folder for temporary files of its own. */
function run(...options: string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...options], { env: { ...process.env, TMPDIR: folder } });
  started.push(child);
  return { child, output: text(child.stdout), errors: text(child.stderr), ended: once(child, "exit") };
}

async function served(...options: string[]) {
  const program = run(...options);
  const [first] = await once(program.child.stdout, "data");
  const [, json] = String(first).split("ready ");
  const ready: { url: string } = JSON.parse(json ?? "");
  return { ...program, url: ready.url };
}

describe("the guests' program", () => {
  it("explains its options", async () => {
    const { ended, output } = run("--help");
    assert.deepEqual(await ended, [0, null]);
    for (const option of ["--port", "--token", "--speed", "--seed", "--log"]) {
      assert.ok((await output).includes(option));
    }
  });

  it("refuses options that make no sense, and says where to look", async () => {
    for (const options of [
      ["--speed", "0"],
      ["--port", "x"],
      ["--colour", "red"],
    ]) {
      const { ended, errors } = run(...options);
      assert.deepEqual(await ended, [2, null]);
      assert.match(await errors, /See --help/);
    }
  });

  it("prints one ready line and leaves nothing behind when it is told to end", async () => {
    const { child, ended, output, url } = await served("--speed", "50");
    await new GuestsClient({ url }).start(DUMMY);
    assert.equal((await readdir(folder)).length, 1);
    child.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
    assert.match(await output, /^ready \{[^\n]*\}\n$/);
    assert.deepEqual(await readdir(folder), []);
  });

  it("answers as zones expect of a hypervisor", async () => {
    const { child, ended, url } = await served();
    const ask = async (method: string, path: string, body?: unknown) => {
      const response = await fetch(`${url}${path}`, { method, body: body === undefined ? null : JSON.stringify(body) });
      return response.status;
    };
    const path = `/vms/${encodeURIComponent(DUMMY.zone)}/${DUMMY.vmId}`;
    assert.equal(await ask("GET", "/ready"), 200);
    assert.equal(await ask("POST", "/vms", DUMMY), 201);
    assert.equal(await ask("POST", "/vms", DUMMY), 200);
    assert.deepEqual(await new GuestsClient({ url }).vms(), [{ zone: DUMMY.zone, vmId: 5, state: "running" }]);
    assert.equal(await ask("POST", `${path}/reboot`), 204);
    assert.equal(await ask("POST", `${path}/stop`, { hard: true }), 204);
    assert.deepEqual(await new GuestsClient({ url }).vms(), [{ zone: DUMMY.zone, vmId: 5, state: "stopped" }]);
    assert.equal(await ask("POST", "/vms", DUMMY), 201);
    assert.equal(await ask("DELETE", path), 204);
    assert.equal(await ask("DELETE", path), 204);
    assert.equal(await ask("POST", `${path}/stop`), 204);
    assert.equal(await ask("POST", `${path}/reboot`), 404);
    assert.equal(await ask("POST", "/vms", { ...DUMMY, vmId: "5" }), 400);
    assert.equal(await ask("POST", "/control/cut", { zone: "z", vmId: 9 }), 404);
    assert.equal(await ask("POST", "/control/faults", { fault: { kind: "unheard-of" } }), 400);
    assert.equal(await ask("GET", "/elsewhere"), 404);
    child.kill("SIGINT");
    assert.deepEqual(await ended, [0, null]);
  });

  it("answers nobody without its token", async () => {
    const { child, ended, url } = await served("--token", "sesame");
    for (const headers of [{}, { Authorization: "Bearer sesam" }]) {
      const response = await fetch(`${url}/vms`, { headers });
      assert.equal(response.status, 401);
    }
    assert.deepEqual(await new GuestsClient({ url, token: "sesame" }).vms(), []);
    child.kill("SIGTERM");
    await ended;
  });

  it("ends in time with guests in the middle of things", async () => {
    const { child, ended, url } = await served("--speed", "100");
    const client = new GuestsClient({ url });
    const context = { FL_PROTOCOL: "1", FL_ROLE: "supernode" };
    await client.start({ ...DUMMY, context });
    await eventually("a guest that has failed", async () => {
      return (await client.guests()).some(({ stage }) => stage === "failed") ? true : undefined;
    });
    child.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
  });
});
