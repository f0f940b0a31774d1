import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench, oneadmin, oneVm } from "./bench.ts";

const asking = (ip: string) => ({
  roles: [{ name: "superlink", template_contents: { NIC: [{ NAME: "_NIC0", NETWORK_ID: "0", IP: ip }] } }],
});

test("an address that is asked for is leased to the VM and free again after its end", () =>
  onBench({}, async (bench) => {
    const service = await bench.instantiate(await bench.createTemplate(oneVm), asking("203.0.113.20"));
    await bench.vmsCome("running", 1);
    assert.match(await bench.text("one.vn.info", 0, false), /<LEASE><IP><!\[CDATA\[203\.0\.113\.20]]>/);
    await bench.gate(0, "PUT", "/vm", "READY=YES");
    await bench.serviceComesTo(service, "RUNNING");
    assert.equal((await bench.flow("DELETE", `/service/${service}`)).status, 204);
    const { networks } = await bench.control.until("zone-a", ({ services }) => services.length === 0);
    assert.deepEqual(networks.find(({ id }) => id === 0)?.leases, [{ ip: "203.0.113.18", vmId: -1 }]);
    assert.equal((await bench.flow("GET", `/service/${service}`)).status, 404);
  }));

test("an address that somebody holds fails the deployment, and only the log says why", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "take-lease", network: 0, ip: "203.0.113.20" });
    const service = await bench.instantiate(await bench.createTemplate(oneVm), asking("203.0.113.20"));
    await bench.serviceComesTo(service, "FAILED_DEPLOYING");
    const { body } = await bench.flow("GET", `/service/${service}`);
    assert.match(body, /Cannot get IP\/MAC lease from virtual network 0\./);
    assert.equal((await bench.control.zone("zone-a")).vms.length, 0);
  }));

test("when a second NIC finds no address, the first gives its own back", () =>
  onBench({}, async (bench) => {
    const nic = (ip: string) => ({ NETWORK_ID: "0", IP: ip });
    const roles = [{ name: "superlink", template_contents: { NIC: [nic("203.0.113.21"), nic("203.0.113.18")] } }];
    const service = await bench.instantiate(await bench.createTemplate(oneVm), { roles });
    await bench.serviceComesTo(service, "FAILED_DEPLOYING");
    const { networks } = await bench.control.zone("zone-a");
    assert.equal(networks.find(({ id }) => id === 0)?.leases.length, 1);
  }));

test("addresses are given out in turn until none is left", () =>
  onBench({}, async (bench) => {
    const wish = (name: string) => bench.call("one.template.instantiate", 0, name, false, "", false);
    for (let made = 0; made < 12; made += 1) assert.ok("value" in (await wish(`vm-${made}`)));
    const refused = await wish("one-too-many");
    assert.ok("code" in refused && refused.code === 16384);
  }));

test("the pool tells everybody which addresses are gone, as pairs of index and owner", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "take-lease", network: 0, ip: "203.0.113.20" });
    await bench.makeVm();
    await bench.makeVm();
    const pool = await bench.text("one.vnpool.info", -2, -1, -1);
    assert.ok(
      pool.includes("<ALLOCATED><![CDATA[ 0 73014444031 1 68719476736 2 73014444031 3 68719476737]]></ALLOCATED>"),
    );
  }));

test("what others lease, and what is held, an ordinary user sees in numbers only", () =>
  onBench({}, async (bench) => {
    await bench.makeVm();
    await bench.makeVm();
    await bench.control.command("zone-a", { do: "give-vm", vm: 0, to: "oneadmin" });
    const seen = await bench.text("one.vn.info", 0, false);
    assert.match(seen, /<USED_LEASES>3<\/USED_LEASES>/);
    assert.deepEqual(seen.match(/<LEASE>/g)?.length, 1);
    const all = await bench.callAs(oneadmin, "one.vn.info", 0, false);
    assert.ok("value" in all);
    assert.equal(String(all.value).match(/<LEASE>/g)?.length, 3);
  }));
