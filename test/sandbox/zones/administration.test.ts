import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../waiting.ts";
import { onBench } from "./bench.ts";

test("a remade image has a new id, and the templates that named it name the new one", () =>
  onBench({}, async (bench) => {
    const { id } = await bench.control.command("zone-a", { do: "remake-image", image: 0 });
    assert.equal(id, 2);
    assert.match(await bench.text("one.template.info", 0, false, false), /<IMAGE_ID><!\[CDATA\[2]]>/);
    const old = await bench.call("one.image.info", 0, false);
    assert.ok("code" in old && old.code === 1024);
  }));

test("an administrator changes a VM template, deletes it, and sets a quota", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "update-template", template: 0, text: 'MEMORY="999"' });
    assert.match(await bench.text("one.template.info", 0), /<MEMORY><!\[CDATA\[999]]>/);
    await bench.control.command("zone-a", { do: "set-quota", of: { group: "flower" }, vm: { VMS: 0 } });
    const refused = await bench.call("one.template.instantiate", 0, "x", false, "", false);
    assert.ok("message" in refused && refused.message.includes("group [100] limit of 0 reached for VMS quota"));
    await bench.control.command("zone-a", { do: "delete-template", template: 0 });
    const gone = await bench.call("one.template.info", 0);
    assert.ok("code" in gone && gone.code === 1024);
  }));

test("a command that names nothing, or is none, is refused with a sentence", () =>
  onBench({}, async (bench) => {
    await assert.rejects(
      bench.control.command("zone-a", { do: "delete-template", template: 77 }),
      /there is no VM template 77/,
    );
    await assert.rejects(bench.control.command("zone-z", { do: "up" }), /is nothing here/);
    const response = await fetch(`${bench.running.addresses.control}/control/zones/zone-a/commands`, {
      method: "POST",
      body: '{"do":"dance"}',
    });
    assert.equal(response.status, 400);
  }));

test("every zone has users, addresses and ids of its own", () =>
  onBench({ zones: 8 }, async (bench) => {
    const { zones } = bench.running.addresses;
    assert.deepEqual(
      zones.map(({ id }) => id),
      [0, 100, 101, 102, 103, 104, 105, 106],
    );
    const states = await Promise.all(zones.map(({ name }) => bench.control.zone(name)));
    const ranges = states.map(({ networks }) => networks.find(({ id }) => id === 0)?.firstIp);
    assert.equal(new Set(ranges).size, 8);
  }));

test("a seed replaces what it names and leaves the rest built in", () =>
  onBench(
    {
      seed: {
        zones: [
          {
            version: "7.0.1",
            users: [
              { name: "oneadmin", password: "x", groups: ["oneadmin"] },
              { name: "florist", password: "florist-of-zone-a", groups: ["flower", "oneadmin"] },
            ],
          },
        ],
      },
    },
    async (bench) => {
      assert.equal(await bench.text("one.system.version"), "7.0.1");
      assert.match(await bench.text("one.user.info", -1), /<GROUPS><ID>0<\/ID><ID>100<\/ID><\/GROUPS>/);
      assert.match(await bench.text("one.acl.info"), /<ACL_POOL>/);
      assert.match(await bench.text("one.userpool.info"), /<NAME>oneadmin<\/NAME>/);
    },
  ));

test("hundreds of VMs are made and read in a moment", () =>
  onBench({ speed: 1000 }, async (bench) => {
    for (let made = 0; made < 300; made += 1) {
      await bench.text("one.template.instantiate", 1, `vm-${made}`, false, "", false);
    }
    const before = process.cpuUsage();
    const pool = await bench.text("one.vmpool.infoextended", -3, -1, -1, -1);
    const page = await bench.text("one.vmpool.info", -3, 0, -50, -1);
    // What it costs, not how long it takes: the machine may have other things to do.
    assert.ok(process.cpuUsage(before).user < 2_000_000);
    assert.equal(pool.match(/<VM>/g)?.length, 300);
    assert.equal(page.match(/<VM>/g)?.length, 50);
  }));

test("the load tells how often each operation was called and how many calls were under way at once", () =>
  onBench({}, async (bench) => {
    await bench.text("one.system.version");
    await bench.control.command("zone-a", { do: "fault", fault: { kind: "hang", operation: "oneflow.service.list" } });
    const unanswered = [1, 2, 3].map(() => bench.flow("GET", "/service").catch(() => "cut"));
    const all = { calls: { "oneflow.service.list": 3 }, mostAtOnce: 3 };
    const { xmlRpc, oneFlow } = await until(
      "three calls",
      () => bench.control.load("zone-a"),
      (load) => load.oneFlow.calls["oneflow.service.list"] === 3,
    );
    assert.deepEqual(oneFlow, all);
    assert.deepEqual(xmlRpc.calls, { "one.system.version": 1 });
    await bench.control.command("zone-a", { do: "down" });
    assert.deepEqual(await Promise.all(unanswered), ["cut", "cut", "cut"]);
  }));
