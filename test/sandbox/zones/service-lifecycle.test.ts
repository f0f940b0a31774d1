import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bench, onBench, oneVm, role } from "./bench.ts";

async function partlyDeployed(bench: Bench, cardinality: number, made: number): Promise<number> {
  await bench.control.command("zone-a", { do: "set-quota", of: { user: "florist" }, vm: { VMS: made } });
  const template = await bench.createTemplate({
    name: "partly",
    ready_status_gate: true,
    roles: [role("supernode", cardinality)],
  });
  const service = await bench.instantiate(template);
  await bench.serviceComesTo(service, "FAILED_DEPLOYING");
  await bench.vmsCome("running", made);
  return service;
}

for (const [made, cardinality, left] of [
  [1, 2, 1],
  [2, 3, 1],
  [3, 4, 1],
  [2, 5, 2],
] as const) {
  test(`recover with delete leaves ${left} VM(s) of a deployment that came to ${made} of ${cardinality}`, () =>
    onBench({}, async (bench) => {
      const service = await partlyDeployed(bench, cardinality, made);
      const recover = { action: { perform: "recover", params: { delete: true } } };
      assert.equal((await bench.flow("POST", `/service/${service}/action`, recover)).status, 204);
      await bench.control.until("zone-a", ({ services }) => services.length === 0);
      const { vms } = await bench.control.zone("zone-a");
      const living = vms.filter(({ phase }) => phase === "running");
      assert.equal(living.length, left);
      assert.ok(living.every(({ serviceId }) => serviceId === service));
    }));
}

test("a service in FAILED_DEPLOYING refuses DELETE with 500", () =>
  onBench({}, async (bench) => {
    const service = await partlyDeployed(bench, 2, 1);
    const refused = await bench.flow("DELETE", `/service/${service}`);
    assert.deepEqual(refused, { status: 500, body: "Service cannot be undeployed in state: FAILED_DEPLOYING" });
  }));

test("a VM that is switched off makes the service WARNING, and resumed RUNNING again", () =>
  onBench({}, async (bench) => {
    const service = await bench.instantiate(await bench.createTemplate(oneVm));
    await bench.vmsCome("running", 1);
    await bench.gate(0, "PUT", "/vm", "READY=YES");
    await bench.serviceComesTo(service, "RUNNING");
    await bench.control.command("zone-a", { do: "guest-shutdown", vm: 0 });
    await bench.serviceComesTo(service, "WARNING");
    await bench.call("one.vm.action", "resume", 0);
    await bench.serviceComesTo(service, "RUNNING");
    assert.equal((await bench.flow("DELETE", `/service/${service}`)).status, 204);
  }));

test("a VM that is ended from outside lowers the cardinality until the autoscaler makes another", () =>
  onBench({ speed: 500 }, async (bench) => {
    const service = await bench.instantiate(await bench.createTemplate(oneVm));
    await bench.vmsCome("running", 1);
    await bench.gate(0, "PUT", "/vm", "READY=YES");
    await bench.serviceComesTo(service, "RUNNING");
    await bench.control.command("zone-a", { do: "vm-action", vm: 0, action: "terminate-hard" });
    const { vms } = await bench.control.until("zone-a", (state) => state.vms.some(({ id }) => id === 1));
    assert.equal(vms.find(({ id }) => id === 1)?.name, `superlink_1_(service_${service})`);
  }));

test("a role waits for its parents to run", () =>
  onBench({}, async (bench) => {
    const roles = [role("first", 1), role("second", 1, { parents: ["first"] })];
    const service = await bench.instantiate(
      await bench.createTemplate({ name: "tree", ready_status_gate: true, roles }),
    );
    await bench.vmsCome("running", 1);
    await bench.gate(0, "PUT", "/vm", "READY=YES");
    await bench.vmsCome("running", 2);
    await bench.gate(1, "PUT", "/vm", "READY=YES");
    await bench.serviceComesTo(service, "RUNNING");
  }));

test("an administrator deletes a service behind everybody's back, with its VMs or without", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate(oneVm);
    const first = await bench.instantiate(template);
    const second = await bench.instantiate(template);
    await bench.vmsCome("running", 2);
    await bench.control.command("zone-a", { do: "delete-service", service: first });
    await bench.control.command("zone-a", { do: "delete-service", service: second, vms: "leave" });
    await bench.vmsCome("running", 1);
    const { services, vms } = await bench.control.zone("zone-a");
    assert.equal(services.length, 0);
    assert.equal(vms.find(({ phase }) => phase === "running")?.serviceId, second);
  }));
