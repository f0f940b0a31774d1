import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench, oneadmin, role } from "./bench.ts";

test("an administrator holds an address and lets it go, an ordinary user does not", () =>
  onBench({}, async (bench) => {
    const hold = (method: "hold" | "release", wish: string) =>
      bench.callAs(oneadmin, `one.vn.${method}`, 0, `LEASES=[${wish}]`);
    const gone = async () => (await bench.control.zone("zone-a")).networks.find(({ id }) => id === 0)?.leases.length;
    assert.equal((await bench.refusal("one.vn.hold", 0, 'LEASES=[IP="203.0.113.20"]'))[0], 512);
    assert.ok("value" in (await hold("hold", 'IP="203.0.113.20"')));
    assert.ok("value" in (await hold("hold", 'MAC="02:00:cb:00:71:15"')));
    assert.equal(await gone(), 3);
    for (const [wish, text] of [
      ['IP="203.0.113.20"', "Address is not part of the address range or in use."],
      ['X="1"', "Missing MAC, IP or IP6."],
      ['IP="203.0.113.22",MAC="02:00:cb:00:71:16"', "Only one attribute MAC, IP or IP6 can be set."],
    ] as const) {
      const refused = await hold("hold", wish);
      assert.ok("code" in refused && refused.code === 8192 && refused.message.endsWith(text), wish);
    }
    assert.ok("value" in (await hold("release", 'IP="203.0.113.20"')));
    assert.equal(await gone(), 2);
  }));

test("a user reserves addresses in a row as a network of his own, and gives them back", () =>
  onBench({}, async (bench) => {
    const made = await bench.text("one.vn.reserve", 0, 'NAME="mine"\nSIZE="4"');
    const own = await bench.text("one.vn.info", Number(made), false);
    assert.match(own, /<NAME>mine<\/NAME>.*<PARENT_NETWORK_ID>0<\/PARENT_NETWORK_ID>.*<SIZE><!\[CDATA\[4]]>/);
    const pool = await bench.text("one.vnpool.info", -2, -1, -1);
    assert.match(pool, / 1 274877906946 2 274877906946 /);
    assert.deepEqual(await bench.refusal("one.vn.reserve", 0, 'NAME="more"\nSIZE="50"'), [
      2048,
      "Not enough free addresses in an address range",
    ]);
    assert.equal(
      (await bench.refusal("one.vn.reserve", 0, 'NAME="none"'))[1],
      "Reservation SIZE must be a greater than 0",
    );
    assert.equal((await bench.refusal("one.vn.reserve", 0, 'SIZE="1"'))[1], "NAME for reservation has to be set");
    const nested = await bench.refusal("one.vn.reserve", Number(made), 'NAME="more"\nSIZE="1"');
    assert.equal(nested[1], "Cannot reserve addresses from a reserved VNET");
    await bench.makeVm(`NIC=[NETWORK_ID="${made}"]`);
    assert.equal((await bench.refusal("one.vn.delete", Number(made)))[0], 2048);
    await bench.vmsCome("running", 1);
    await bench.call("one.vm.action", "terminate-hard", 0);
    await bench.vmsCome("done", 1);
    assert.equal(await bench.text("one.vn.delete", Number(made)), made);
    assert.match(await bench.text("one.vn.info", 0, false), /<USED_LEASES>1</);
  }));

test("a service reserves a network for itself and takes it with it when it ends", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate({
      name: "reserving",
      networks: { fl: "M|network|n||id:0" },
      roles: [role("a", 1, { template_contents: { NIC: [{ NETWORK_ID: "$fl" }] } })],
    });
    const values = (size: number) => ({ networks_values: [{ fl: { reserve_from: "0", extra: `SIZE=${size}\n` } }] });
    const failed = await bench.instantiate(template, values(50));
    await bench.serviceComesTo(failed, "FAILED_DEPLOYING");
    const service = await bench.instantiate(template, values(4));
    await bench.serviceComesTo(service, "RUNNING");
    const { networks } = await bench.control.zone("zone-a");
    const own = networks.find(({ name }) => name === `fl-${service}`);
    assert.equal(own?.size, 4);
    assert.equal(own.leases[0]?.vmId, 0);
    await bench.flow("DELETE", `/service/${service}`);
    const after = await bench.control.until("zone-a", ({ services }) => services.every(({ id }) => id !== service));
    assert.equal(after.networks.length, networks.length - 1);
  }));

test("a service makes a network of a template and takes it with it, where its owner may make networks", () =>
  onBench({}, async (bench) => {
    const text = 'NAME="apart"\nVN_MAD="dummy"\nBRIDGE="br7"\nAR=[TYPE="IP4",IP="10.7.0.10",SIZE="3"]';
    const made = await bench.callAs(oneadmin, "one.vntemplate.allocate", text);
    assert.ok("value" in made);
    const id = Number(made.value);
    assert.equal((await bench.refusal("one.vntemplate.info", id))[0], 512);
    await bench.callAs(oneadmin, "one.acl.addrule", (0x200000000 + 100).toString(16), "40000400000000", "1");
    assert.match(
      await bench.text("one.vntemplatepool.info", -2, -1, -1),
      /<NAME>apart<.*<IP><!\[CDATA\[10\.7\.0\.10]]>/,
    );
    const template = await bench.createTemplate({
      name: "making",
      networks: { fl: "M|network|n||id:0" },
      roles: [role("a", 1, { template_contents: { NIC: [{ NETWORK_ID: "$fl" }] } })],
    });
    const values = { networks_values: [{ fl: { template_id: String(id) } }] };
    const refused = await bench.instantiate(template, values);
    await bench.serviceComesTo(refused, "FAILED_DEPLOYING");
    assert.match((await bench.flow("GET", `/service/${refused}`)).body, /vntemplate.instantiate.*perform CREATE NET/);
    await bench.callAs(oneadmin, "one.acl.addrule", (0x200000000 + 100).toString(16), "4400000000", "8");
    const service = await bench.instantiate(template, values);
    await bench.serviceComesTo(service, "RUNNING");
    const { networks } = await bench.control.zone("zone-a");
    const own = networks.find(({ name }) => name === `fl-${service}`);
    assert.deepEqual([own?.size, own?.leases[0]?.ip], [3, "10.7.0.10"]);
    await bench.flow("DELETE", `/service/${service}`);
    const after = await bench.control.until("zone-a", ({ services }) => services.every((one) => one.id !== service));
    assert.equal(after.networks.length, networks.length - 1);
  }));
