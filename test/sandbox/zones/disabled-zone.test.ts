import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench, oneadmin, oneVm } from "./bench.ts";

const disabled = "Cannot process request, zone disabled";

test("a disabled zone is read, and refuses whatever would change it", () =>
  onBench({}, async (bench) => {
    await bench.makeVm();
    const template = await bench.createTemplate(oneVm);
    await bench.control.command("zone-a", { do: "enable-zone", enabled: false });
    assert.match(await bench.text("one.zonepool.info"), /<STATE>1<\/STATE>/);
    assert.match(await bench.text("one.vmpool.info", -2, -1, -1, -2), /<VM>/);
    await bench.text("one.system.version");
    for (const call of [
      ["one.template.instantiate", 0, "x", false, "", false],
      ["one.vm.update", 0, 'X="1"', 1],
      ["one.vm.action", "terminate-hard", 0],
      ["one.user.login", "florist", "", 100, -1],
    ] as const) {
      const [method, ...parameters] = call;
      assert.deepEqual(await bench.refusal(method, ...parameters), [8192, disabled]);
    }
    assert.equal((await bench.flow("GET", "/service")).status, 200);
    assert.deepEqual(await bench.flow("POST", "/service_template", oneVm), {
      status: 500,
      body: `[one.document.allocate] ${disabled}`,
    });
    const created = await bench.flow("POST", `/service_template/${template}/action`, {
      action: { perform: "instantiate", params: { merge_template: {} } },
    });
    assert.deepEqual(created, { status: 500, body: `[one.document.allocate] ${disabled}` });
    assert.equal((await bench.control.zone("zone-a")).services.length, 0);
  }));

test("an administrator enables the zone again, nobody else may", () =>
  onBench({}, async (bench) => {
    assert.ok("value" in (await bench.callAs(oneadmin, "one.zone.enable", 0, false)));
    assert.equal((await bench.refusal("one.zone.enable", 0, true))[0], 512);
    assert.ok("value" in (await bench.callAs(oneadmin, "one.zone.enable", 0, true)));
    await bench.makeVm();
  }));
