import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../waiting.ts";
import { type Bench, onBench, oneVm, role } from "./bench.ts";

const hour = 3_600_000;

const recover = (bench: Bench, service: number, params: Record<string, unknown> = {}) =>
  bench.flow("POST", `/service/${service}/action`, { action: { perform: "recover", params } });

async function running(bench: Bench, template: Record<string, unknown>, vms: number): Promise<number> {
  const service = await bench.instantiate(await bench.createTemplate(template));
  await bench.vmsCome("running", vms);
  for (let vm = 0; vm < vms; vm += 1) await bench.gate(vm, "PUT", "/vm", "READY=YES");
  await bench.serviceComesTo(service, "RUNNING");
  return service;
}

test("a service whose VM boots is not deleted: 500, the second time 204, and the VM stays", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "slow-boots", times: 1, ms: 50 * hour });
    const service = await bench.instantiate(await bench.createTemplate(oneVm));
    await bench.vmsCome("boot", 1);
    assert.deepEqual(await recover(bench, service, { delete: true }), {
      status: 500,
      body: "Error undeploying role superlink: []",
    });
    await bench.serviceComesTo(service, "FAILED_UNDEPLOYING");
    const { body } = await bench.flow("GET", `/service/${service}`);
    assert.match(body, /Terminate failed for VM 0, will perform a Delete; \[one.vm.action\] .*wrong state BOOT\./);
    assert.match(
      body,
      /Delete failed for VM 0; \[one.vm.recover\] User \[2\] : Not authorized to perform ADMIN VM \[0\]\./,
    );
    assert.equal((await recover(bench, service, { delete: true })).status, 204);
    assert.equal((await bench.flow("GET", `/service/${service}`)).status, 404);
    assert.equal((await bench.control.zone("zone-a")).vms[0]?.phase, "boot");
  }));

test("a service stays in DEPLOYING_NETS when its networks do, until it is recovered or deleted", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "stall-networks", times: 2 });
    const template = await bench.createTemplate(oneVm);
    const [first, second] = [await bench.instantiate(template), await bench.instantiate(template)];
    const third = await bench.instantiate(template);
    await bench.serviceComesTo(third, "DEPLOYING");
    await bench.serviceComesTo(first, "DEPLOYING_NETS");
    assert.equal((await bench.flow("DELETE", `/service/${first}`)).status, 500);
    assert.equal((await recover(bench, first, { delete: true })).status, 204);
    assert.equal((await recover(bench, second)).status, 204);
    await bench.serviceComesTo(second, "DEPLOYING");
    const { services } = await bench.control.until("zone-a", (state) => state.services.every(({ id }) => id !== first));
    assert.equal(services.length, 2);
  }));

test("a deployment that came to no VM is tried again by recover, and fails again as long as its reason lasts", () =>
  onBench({}, async (bench) => {
    const limit = (VMS: number) =>
      bench.control.command("zone-a", { do: "set-quota", of: { user: "florist" }, vm: { VMS } });
    await limit(0);
    const service = await bench.instantiate(await bench.createTemplate(oneVm));
    await bench.serviceComesTo(service, "FAILED_DEPLOYING");
    const refusals = async () =>
      (await bench.flow("GET", `/service/${service}`)).body.match(/Instantiate failed for template/g)?.length;
    assert.equal(await refusals(), 1);
    assert.equal((await recover(bench, service)).status, 204);
    assert.equal(await refusals(), 2);
    await bench.serviceComesTo(service, "FAILED_DEPLOYING");
    await limit(-2);
    await recover(bench, service);
    await bench.vmsCome("running", 1);
    await bench.gate(0, "PUT", "/vm", "READY=YES");
    await bench.serviceComesTo(service, "RUNNING");
  }));

test("after a recovery out of COOLDOWN OneFlow does not see a VM that ends", () =>
  onBench({}, async (bench) => {
    const service = await running(bench, { ...oneVm, roles: [role("supernode", 2, { cooldown: 100 * 3600 })] }, 2);
    await bench.flow("POST", `/service/${service}/scale`, { role_name: "supernode", cardinality: 1, force: true });
    await bench.serviceComesTo(service, "COOLDOWN");
    assert.equal((await recover(bench, service)).status, 204);
    await bench.serviceComesTo(service, "RUNNING");
    await bench.control.command("zone-a", { do: "vm-action", vm: 1, action: "terminate-hard" });
    await bench.vmsCome("done", 2);
    await bench.instantiate(await bench.createTemplate({ name: "later", roles: [] }));
    const { services } = await bench.control.zone("zone-a");
    assert.match(JSON.stringify(services.find(({ id }) => id === service)?.body), /"cardinality":1,/);
    assert.deepEqual(await recover(bench, service), {
      status: 500,
      body: "Service cannot be recovered in state: RUNNING",
    });
  }));

test("scaling to what there is, without a number or past a quota is an error", () =>
  onBench({}, async (bench) => {
    const service = await running(bench, { ...oneVm, roles: [role("supernode", 1, { min_vms: 1 })] }, 1);
    const scale = (more: Record<string, unknown>) =>
      bench.flow("POST", `/service/${service}/scale`, { role_name: "supernode", force: false, ...more });
    assert.deepEqual(await scale({ cardinality: 1 }), {
      status: 500,
      body: "Cardinality of supernode is already at 1",
    });
    assert.equal((await scale({})).body, `Can't scale service ${service}: Minimum cardinality is 1`);
    assert.equal((await scale({ cardinality: 2, role_name: "other" })).body, "Role other not found");
    await bench.control.command("zone-a", { do: "set-quota", of: { user: "florist" }, vm: { VMS: 1 } });
    const failed = await scale({ cardinality: 2 });
    assert.equal(failed.status, 500);
    assert.match(
      failed.body,
      /^Error deploying role supernode: Error instantiating VM Template 1 .*limit of 1 reached/,
    );
    await bench.serviceComesTo(service, "FAILED_SCALING");
  }));

test("roles come to a service that runs and go from it, and an action on a role reaches its VMs", () =>
  onBench({}, async (bench) => {
    const service = await running(bench, oneVm, 1);
    const change = (perform: string, role_: unknown) =>
      bench.flow("POST", `/service/${service}/role_action`, { action: { perform, params: { role: role_ } } });
    assert.equal((await change("add_role", role("superlink", 1))).body, "Role superlink already exists");
    assert.equal((await change("add_role", role("extra", 1))).status, 204);
    await bench.vmsCome("running", 2);
    assert.equal((await change("remove_role", "extra")).body, "Cannot modify roles in state: DEPLOYING");
    await bench.gate(1, "PUT", "/vm", "READY=YES");
    await bench.serviceComesTo(service, "RUNNING");
    assert.equal((await change("remove_role", "nobody")).body, "Role nobody does not exist");
    const act = (name: string, action: unknown) =>
      bench.flow("POST", `/service/${service}/role/${name}/action`, { action });
    assert.equal((await act("nobody", { perform: "poweroff", params: {} })).body, "Role 'nobody' not found");
    assert.equal((await act("extra", { perform: "poweroff" })).status, 500);
    assert.equal((await act("extra", { perform: "poweroff-hard", params: { period: 1, number: 1 } })).status, 204);
    await bench.serviceComesTo(service, "WARNING");
    await bench.call("one.vm.action", "resume", 1);
    await bench.serviceComesTo(service, "RUNNING");
    assert.equal((await change("remove_role", "extra")).status, 204);
    await bench.vmsCome("done", 1);
    await bench.serviceComesTo(service, "RUNNING");
    assert.equal((await bench.flow("POST", "/service_pool/purge_done")).status, 204);
  }));

test("a call that oned leaves halfway is an error without effect, later ones have wrong credentials", () =>
  onBench({ speed: 0.05 }, async (bench) => {
    const create = bench.flow("POST", "/service_template", oneVm);
    await until("the call is under way", async () => {
      const { oneFlow } = await bench.control.load("zone-a");
      return oneFlow.calls["oneflow.service_template.create"] === 1;
    });
    await bench.control.command("zone-a", { do: "down", part: "oned" });
    assert.deepEqual(await create, { status: 500, body: "end of file reached" });
    assert.deepEqual(await bench.flow("GET", "/service"), { status: 401, body: "Invalid credentials" });
    assert.equal((await bench.control.zone("zone-a")).serviceTemplates.length, 0);
  }));
