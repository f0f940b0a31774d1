import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench, oneadmin, role } from "./bench.ts";

const HOLD = 2;
const RUNNING = 3;

test("a service on hold makes its VMs on hold, and they begin when it is released", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate({ name: "waiting", on_hold: true, roles: [role("a", 2)] });
    const service = await bench.instantiate(template, {});
    await bench.serviceComesTo(service, "HOLD");
    const { vms } = await bench.control.zone("zone-a");
    assert.deepEqual(
      vms.map(({ state }) => state),
      [HOLD, HOLD],
    );
    const act = (perform: string) => bench.flow("POST", `/service/${service}/action`, { action: { perform } });
    assert.equal((await act("release")).status, 204);
    await bench.serviceComesTo(service, "RUNNING");
    assert.ok((await bench.control.zone("zone-a")).vms.every(({ state }) => state === RUNNING));
    assert.equal((await act("release")).status, 500);
  }));

test("a role on hold keeps the service and the roles after it waiting, and can be deleted as it is", () =>
  onBench({}, async (bench) => {
    const roles = [role("a", 1, { on_hold: true }), role("b", 1), role("c", 1, { parents: ["a"] })];
    const template = await bench.createTemplate({ name: "partly", deployment: "straight", roles });
    const service = await bench.instantiate(template, {});
    await bench.serviceComesTo(service, "HOLD");
    const { vms } = await bench.control.zone("zone-a");
    assert.deepEqual(vms.map(({ state }) => state).toSorted(), [HOLD, RUNNING]);
    assert.equal((await bench.flow("DELETE", `/service/${service}`)).status, 204);
    await bench.control.until("zone-a", ({ services }) => services.every(({ id }) => id !== service));
  }));

test("an update of a service changes what touches no VM, and names what it must leave alone", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate({ name: "updated", roles: [role("a", 1)] });
    const service = await bench.instantiate(template, {});
    await bench.serviceComesTo(service, "RUNNING");
    const shown = async () => JSON.parse((await bench.flow("GET", `/service/${service}`)).body).DOCUMENT.TEMPLATE.BODY;
    const puts = (body: object) => bench.flow("PUT", `/service/${service}`, body);
    const before = await shown();
    assert.equal((await puts({ ...before, description: "of the trial" })).status, 200);
    assert.equal((await shown()).description, "of the trial");
    const now = await shown();
    for (const [body, words] of [
      [{ ...now, name: "other" }, "To change `service/name` use rename operation"],
      [{ ...now, state: 5 }, "Immutable value: `service/state` can not be changed"],
      [
        { ...now, roles: [{ ...now.roles[0], cardinality: 4 }] },
        "Immutable value: `role/cardinality` can not be changed",
      ],
      [{ ...now, roles: [] }, "Immutable value: `service/roles size` can not be changed"],
    ] as const) {
      const answer = await puts(body);
      assert.deepEqual([answer.status, answer.body], [500, words]);
    }
  }));

test("reserved addresses count against the quotas of the user and of the group, until they are given back", () =>
  onBench({}, async (bench) => {
    const limit = (leases: number) => `NETWORK=[ID="0",LEASES="${leases}"]`;
    assert.ok("value" in (await bench.callAs(oneadmin, "one.group.quota", 100, limit(5))));
    const made = await bench.text("one.vn.reserve", 0, 'NAME="mine"\nSIZE="4"');
    assert.match(await bench.text("one.group.info", -1), /<LEASES_USED><!\[CDATA\[4]]>/);
    const [code, words] = await bench.refusal("one.vn.reserve", 0, 'NAME="more"\nSIZE="2"');
    assert.equal(code, 512);
    assert.match(words, /group \[100] limit of 5 reached for LEASES quota in NETWORK with ID: 0\.$/);
    await bench.makeVm('NIC=[NETWORK_ID="0"]');
    assert.equal(
      (await bench.refusal("one.template.instantiate", 0, "x", false, 'NIC=[NETWORK_ID="0"]', false))[0],
      512,
    );
    await bench.text("one.vn.delete", Number(made));
    assert.match(await bench.text("one.vn.reserve", 0, 'NAME="more"\nSIZE="2"'), /^\d+$/);
  }));
