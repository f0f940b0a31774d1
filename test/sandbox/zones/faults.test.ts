import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { fileRecorder } from "../../../sandbox/zones/record.ts";
import { onBench, oneVm } from "./bench.ts";

test("a lost answer of an instantiate cuts the connection, and the service is there", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate(oneVm);
    const fault = { kind: "lost-answer", operation: "oneflow.service.instantiate", times: 1 } as const;
    await bench.control.command("zone-a", { do: "fault", fault });
    await assert.rejects(bench.instantiate(template));
    assert.equal((await bench.control.zone("zone-a")).services.length, 1);
    await bench.instantiate(template);
    assert.equal((await bench.control.zone("zone-a")).services.length, 2);
  }));

test("the service of a lost answer may appear later than one looks for it", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate(oneVm);
    const fault = { kind: "lost-answer", operation: "oneflow.service.instantiate", times: 1, delayMs: 1500 } as const;
    await bench.control.command("zone-a", { do: "fault", fault });
    await assert.rejects(bench.instantiate(template));
    assert.equal((await bench.control.zone("zone-a")).services.length, 0);
    await bench.control.until("zone-a", ({ services }) => services.length === 1);
  }));

test("refused, rubbish and slow answers hit the operation they are meant for, as often as they are meant to", () =>
  onBench({}, async (bench) => {
    const plan = (fault: { kind: "refuse" } | { kind: "rubbish" } | { kind: "slow"; ms: number }) =>
      bench.control.command("zone-a", { do: "fault", fault: { ...fault, operation: "one.vmpool.*", times: 1 } });
    const pool = () => bench.text("one.vmpool.info", -3, -1, -1, -1);
    await plan({ kind: "refuse" });
    assert.match(await bench.text("one.system.version"), /^7\./);
    await assert.rejects(pool());
    assert.equal(await pool(), "<VM_POOL></VM_POOL>");
    await plan({ kind: "rubbish" });
    await assert.rejects(pool());
    await plan({ kind: "slow", ms: 150 });
    const begun = Date.now();
    await pool();
    assert.ok(Date.now() - begun >= 145);
  }));

test("a call that hangs is answered by nobody", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "fault", fault: { kind: "hang", operation: "one.system.version" } });
    const answered = await Promise.race([
      bench.text("one.system.version").catch(() => "cut"),
      new Promise((resolve) => setTimeout(resolve, 150, "silence")),
    ]);
    assert.equal(answered, "silence");
    await bench.control.command("zone-a", { do: "clear-faults" });
    assert.match(await bench.text("one.system.version"), /^7\./);
  }));

test("a front-end that is down refuses connections, and is back at the same address", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "down" });
    await assert.rejects(bench.text("one.system.version"), /ECONNREFUSED/);
    await bench.control.command("zone-a", { do: "up" });
    assert.match(await bench.text("one.system.version"), /^7\./);
  }));

const line = z.object({
  edge: z.string(),
  direction: z.literal("from-bot"),
  method: z.string(),
  request: z.object({ headers: z.record(z.string(), z.unknown()), body: z.string() }),
  response: z.object({ status: z.number(), body: z.string() }).nullable(),
});

test("the record holds every request and answer and no credential", async () => {
  const folder = mkdtempSync(join(tmpdir(), "zones-record-"));
  try {
    const file = join(folder, "record.jsonl");
    await onBench({ record: fileRecorder(file) }, async (bench) => {
      const token = await bench.text("one.user.login", "florist", "", 60, -1);
      await bench.flow("GET", "/service");
      const fault = { kind: "lost-answer", operation: "one.system.version", times: 1 } as const;
      await bench.control.command("zone-a", { do: "fault", fault });
      await assert.rejects(bench.text("one.system.version"));
      const text = readFileSync(file, "utf8");
      assert.ok(!text.includes("florist-of-zone-a") && !text.includes(token));
      assert.ok(!text.includes(Buffer.from("florist:florist-of-zone-a").toString("base64")));
      const lines = text
        .trim()
        .split("\n")
        .map((entry) => line.parse(JSON.parse(entry)));
      assert.deepEqual(
        lines.map(({ method, response }) => [method, response?.status ?? null]),
        [
          ["one.user.login", 200],
          ["oneflow.service.list", 200],
          ["one.system.version", null],
        ],
      );
      assert.ok(lines.every(({ edge }) => edge === "zone:zone-a"));
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
