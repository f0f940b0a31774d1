import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ZonesControl } from "../../../sandbox/zones/client.ts";

const program = fileURLToPath(new URL("../../../sandbox/zones/main.js", import.meta.url));

const addresses = z.object({
  control: z.url(),
  zones: z.array(z.object({ name: z.string(), id: z.number(), xmlrpc: z.url(), oneflow: z.url(), onegate: z.url() })),
});

const withoutOneFlow = z.object({ control: z.url(), zones: z.array(z.object({ oneflow: z.url().nullable() })) });

const started: ChildProcess[] = [];
after(() => {
  for (const child of started) child.kill();
});

function start(...options: string[]): { child: ChildProcess; firstLine: Promise<string> } {
  const child = spawn(process.execPath, [program, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  if (child.stdout === null) throw new Error("the program has no output");
  const lines = createInterface(child.stdout);
  const firstLine = once(lines, "line").then(([line]) => String(line));
  return { child, firstLine };
}

test("the program says ready with all addresses, answers there, and ends on SIGTERM", async () => {
  const { child, firstLine } = start("--zones", "2", "--port-base", "0");
  const line = await firstLine;
  assert.match(line, /^ready \{/);
  const { zones } = addresses.parse(JSON.parse(line.slice("ready ".length)));
  assert.deepEqual(
    zones.map(({ name }) => name),
    ["zone-a", "zone-b"],
  );
  const response = await fetch(zones[1]?.oneflow ?? "");
  assert.equal(response.status, 401, "OneFlow asks everybody who they are");
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
});

test("a zone without OneFlow gives no address of it, and is said to lack nothing", async () => {
  const { child, firstLine } = start("--zones", "2", "--port-base", "0", "--without-oneflow", "zone-b");
  const ready = withoutOneFlow.parse(JSON.parse((await firstLine).slice("ready ".length)));
  assert.deepEqual(
    ready.zones.map(({ oneflow }) => oneflow === null),
    [false, true],
  );
  const { zones } = await new ZonesControl(ready.control).overview(-1, 0);
  assert.deepEqual(zones[1]?.answering, { oned: true, oneFlow: null, oneGate: true });
  child.kill("SIGTERM");
  await once(child, "exit");
  const wrong = spawn(process.execPath, [program, "--zones", "1", "--port-base", "0", "--without-oneflow", "zone-z"]);
  let told = "";
  wrong.stderr.on("data", (chunk) => {
    told += chunk;
  });
  assert.equal((await once(wrong, "exit"))[0], 1);
  assert.match(told, /There is no zone zone-z/);
});

test("a port that is taken ends the program with a sentence", async () => {
  const first = start("--zones", "1", "--port-base", "0");
  const { zones } = addresses.parse(JSON.parse((await first.firstLine).slice("ready ".length)));
  const taken = new URL(zones[0]?.xmlrpc ?? "").port;
  const second = spawn(process.execPath, [program, "--zones", "1", "--port-base", taken]);
  let told = "";
  second.stderr.on("data", (chunk) => {
    told += chunk;
  });
  assert.equal((await once(second, "exit"))[0], 1);
  assert.match(told, /EADDRINUSE/);
  first.child.kill("SIGTERM");
  await once(first.child, "exit");
});

test("--help tells every option and ends well; a wrong option ends with a sentence", async () => {
  const help = start("--help");
  assert.match(await help.firstLine, /OpenNebula/);
  assert.equal((await once(help.child, "exit"))[0], 0);
  const wrong = spawn(process.execPath, [program, "--zones", "none"]);
  let told = "";
  wrong.stderr.on("data", (chunk) => {
    told += chunk;
  });
  assert.equal((await once(wrong, "exit"))[0], 1);
  assert.match(told, /--zones must be a number from 1 to 26/);
});
