import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench, oneVm } from "./bench.ts";

test("a guest is known by its VM's token and no other", () =>
  onBench({}, async (bench) => {
    await bench.call("one.template.instantiate", 0, "a", false, "", false);
    await bench.call("one.template.instantiate", 0, "b", false, "", false);
    const [a, b] = [await bench.hypervisor.started("zone-a", 0), await bench.hypervisor.started("zone-a", 1)];
    assert.notEqual(a.oneGate.token, b.oneGate.token);
    const response = await fetch(`${a.oneGate.url}/vm`, {
      headers: { "X-ONEGATE-TOKEN": b.oneGate.token, "X-ONEGATE-VMID": "0" },
    });
    assert.equal(response.status, 401);
    assert.equal(await response.text(), "Not authorized");
  }));

test("what a guest puts is seen by the owner, and what the owner writes is seen by the guest", () =>
  onBench({}, async (bench) => {
    await bench.call("one.template.instantiate", 0, "a", false, "", false);
    assert.deepEqual(await bench.gate(0, "PUT", "/vm", "FL_STAGE=booting\nFL_HEARTBEAT=1"), { status: 200, body: "" });
    assert.match(await bench.text("one.vm.info", 0, false), /<FL_STAGE><!\[CDATA\[booting]]><\/FL_STAGE>/);
    const large = "A".repeat(40_000);
    await bench.call("one.vm.update", 0, `FL_ADMIT="${large}"\n`, 1);
    const seen = await bench.guestView(0);
    assert.equal(seen.USER_TEMPLATE["FL_ADMIT"], large);
    assert.equal(seen.USER_TEMPLATE["FL_HEARTBEAT"], "1");
    assert.deepEqual(Object.keys(seen.TEMPLATE.NIC[0] ?? {}), ["IP", "MAC", "NAME", "NETWORK"]);
  }));

test("a guest may not say to which service it belongs", () =>
  onBench({}, async (bench) => {
    await bench.call("one.template.instantiate", 0, "a", false, "", false);
    assert.equal((await bench.gate(0, "PUT", "/vm", "FL_HEARTBEAT=1\nSERVICE_ID=7")).status, 403);
    assert.doesNotMatch(await bench.text("one.vm.info", 0, false), /FL_HEARTBEAT|SERVICE_ID/);
  }));

test("what OneGate cannot make a template of is refused, and nothing of it is kept", () =>
  onBench({}, async (bench) => {
    await bench.makeVm();
    for (const lines of ["FL_X=1\nnonsense", 'FL_X="a\nb"', "FL_X=a]]>b", "FL_X=a,b[c]"]) {
      assert.equal((await bench.gate(0, "PUT", "/vm", lines)).status, 500, lines);
    }
    const odd = Buffer.concat([Buffer.from("FL_X="), Buffer.from([0xff, 0xfe])]);
    assert.equal((await bench.gate(0, "PUT", "/vm", odd)).status, 500);
    assert.doesNotMatch(await bench.text("one.vm.info", 0, false), /FL_X/);
  }));

test("quotes of a guest are template text, and so is a vector", () =>
  onBench({}, async (bench) => {
    await bench.makeVm();
    await bench.gate(0, "PUT", "/vm", 'FL_X="q"\nFL_Y=a b = c\nFL_EMPTY=\n');
    await bench.gate(0, "PUT", "/vm", 'FL_V=[B="1"]');
    const { USER_TEMPLATE: seen } = await bench.guestView(0);
    assert.deepEqual(
      ["FL_X", "FL_Y", "FL_V", "FL_EMPTY"].map((name) => seen[name]),
      ["q", "a b = c", { B: "1" }, ""],
    );
  }));

test("a path that OneGate does not know, and a service that there is none of, are 400", () =>
  onBench({}, async (bench) => {
    await bench.makeVm();
    assert.equal((await bench.gate(0, "GET", "/nothing")).status, 400);
    assert.deepEqual(await bench.gate(0, "GET", "/service"), { status: 400, body: "Empty or invalid SERVICE_ID" });
  }));

test("a guest sees its service, and its VM also after that has ended", () =>
  onBench({}, async (bench) => {
    await bench.instantiate(await bench.createTemplate(oneVm), { name: "seen" });
    const { body } = await bench.gate(0, "GET", "/service");
    assert.match(body, /"name":"seen"/);
    assert.match(body, /"deploy_id":0/);
    await bench.vmsCome("running", 1);
    await bench.call("one.vm.action", "terminate-hard", 0);
    await bench.vmsCome("done", 1);
    assert.equal((await bench.gate(0, "GET", "/vm")).status, 200);
  }));
