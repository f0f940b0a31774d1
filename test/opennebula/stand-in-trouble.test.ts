/** The client before the stand-in for OpenNebula when accounts change hands, things are odd and proxies answer. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { z } from "zod";
import { type Program, startProgram } from "../../sandbox/program.ts";
import { ZonesControl } from "../../sandbox/zones/client.ts";
import { type OpenZone, openZone } from "../../src/opennebula/zone.ts";
import { errorOf } from "./daemons.ts";

const ready = z.object({
  control: z.string(),
  zones: z.array(z.object({ name: z.string(), xmlrpc: z.string(), oneflow: z.string() })).min(1),
});
const ZONE = "zone-a";
const LIMIT_MS = 60_000;

describe("a zone in trouble", () => {
  let program: Program<z.output<typeof ready>>;
  let control: ZonesControl;
  let zone: OpenZone;

  before(async () => {
    program = await startProgram({
      entry: "sandbox/zones/main.js",
      args: ["--zones", "1", "--port-base", "0", "--speed", "50"],
      ready,
    });
    control = new ZonesControl(program.ready.control);
  });
  beforeEach(async () => {
    await zone?.close();
    const [where] = program.ready.zones;
    assert.ok(where !== undefined);
    zone = openZone({
      ...where,
      user: "florist",
      password: { reveal: () => "florist-of-zone-a" },
      deadlines: { xmlrpc: 20_000, oneflow: 20_000 },
      inFlight: { xmlrpc: 4, oneflow: 2 },
    });
  });
  after(async () => {
    await zone?.close();
    await program.stop();
  });

  const order = (attempt: string) => ({
    name: "florist-demo",
    userInputs: {},
    roles: [{ name: "superlink", cardinality: 1, context: { FL_ATTEMPT: attempt, REPORT_READY: "NO" }, nics: [] }],
  });
  const manifest = {
    name: "one SuperLink",
    deployment: "straight",
    ready_status_gate: true,
    roles: [{ name: "superlink", type: "vm", cardinality: 1, min_vms: 1, template_id: 0 }],
  };

  async function deployed(attempt: string): Promise<{ readonly service: number; readonly vm: number }> {
    const service = await zone.instantiate(await zone.registerServiceTemplate(manifest), order(attempt));
    const { vms } = await control.until(ZONE, (state) => state.vms.some((vm) => vm.serviceId === service), LIMIT_MS);
    const vm = vms.find(({ serviceId }) => serviceId === service);
    assert.ok(vm !== undefined);
    return { service, vm: vm.id };
  }

  it("proves that a VM has ended by the VM itself", async () => {
    const { vm, service } = await deployed("f1.zone-a.0123.1");
    assert.equal(await zone.vmState(vm), "present");
    const found = await zone.service(service);
    assert.equal(typeof found === "object" && found.attempt, "f1.zone-a.0123.1");
    await control.command(ZONE, { do: "delete-service", service });
    await control.until(ZONE, ({ vms }) => vms.every(({ id, state }) => id !== vm || state === 6), LIMIT_MS);
    assert.deepEqual([await zone.vmState(vm), await zone.service(service)], ["done", "gone"]);
    assert.deepEqual([await zone.vmState(9999), await zone.service(9999)], ["unproven", "gone"]);
  });

  it("proves nothing about a VM that was given into other hands", async () => {
    const { vm } = await deployed("f1.zone-a.0123.2");
    await control.command(ZONE, { do: "give-vm", vm, to: "oneadmin" });
    assert.ok((await zone.snapshot()).vms.every(({ id }) => id !== vm));
    assert.equal(await zone.vmState(vm), "unproven");
  });

  it("shows a VM of 10 MB as unreadable, and the others as ever", async () => {
    const [large, other] = [await deployed("f1.zone-a.0123.3"), await deployed("f1.zone-a.0123.4")];
    for (const name of ["A", "B", "C"]) {
      await control.command(ZONE, { do: "update-vm", vm: large.vm, text: `JUNK_${name}="${"x".repeat(3_500_000)}"` });
    }
    const { vms, unreadable } = await zone.snapshot();
    assert.ok(vms.some(({ id }) => id === other.vm));
    assert.deepEqual(
      unreadable.map(({ kind, id }) => [kind, id]),
      [["vm", large.vm]],
    );
    assert.equal(await zone.vmState(large.vm), "present");
    await control.command(ZONE, { do: "give-vm", vm: large.vm, to: "oneadmin" });
  });

  it("shows a service of an unknown state as unreadable, and the others as ever", async () => {
    const { service } = await deployed("f1.zone-a.0123.5");
    const { id } = await control.command(ZONE, { do: "add-service-document", owner: "florist", body: { state: 99 } });
    const { services, unreadable } = await zone.snapshot();
    assert.ok(services.some((one) => one.id === service));
    assert.deepEqual(
      unreadable.map((one) => [one.kind, one.id]),
      [["service", id]],
    );
    assert.equal(await zone.service(id ?? -1), "unproven");
    await control.command(ZONE, { do: "delete-service", service: id ?? -1 });
  });

  it("knows which addresses others hold, although they are not shown with the network", async () => {
    const { network } = await zone.survey({ template: 0, network: "public" });
    assert.ok(network.found && network.leased.includes("203.0.113.18"));
  });

  it("leaves open whether a create was done when a proxy answers in OneFlow's place", async () => {
    const template = await zone.registerServiceTemplate(manifest);
    const page = {
      kind: "page",
      status: 504,
      effect: true,
      operation: "oneflow.service.instantiate",
      times: 1,
    } as const;
    await control.command(ZONE, { do: "fault", fault: page });
    const error = await errorOf(zone.instantiate(template, order("f1.zone-a.0123.6")));
    assert.equal(error.ambiguous, true);
    assert.ok((await zone.snapshot()).services.some(({ attempt }) => attempt === "f1.zone-a.0123.6"));
  });

  it("fails, and shows nothing as unreadable, when a proxy answers in oned's place", async () => {
    const page = { kind: "page", status: 200, operation: "one.vmpool.*" } as const;
    await control.command(ZONE, { do: "fault", fault: page });
    await errorOf(zone.snapshot());
    await control.command(ZONE, { do: "clear-faults" });
    await zone.snapshot();
  });

  it("says whose answer it is: an account made anew has another number and owns nothing", async () => {
    const { vm, service } = await deployed("f1.zone-a.0123.7");
    const before = await zone.snapshot();
    await control.command(ZONE, { do: "remake-user", user: "florist" });
    const { account, vms } = await zone.snapshot();
    assert.notEqual(account.id, before.account.id);
    assert.deepEqual([account.name, account.administrator, vms], ["florist", false, []]);
    assert.deepEqual([await zone.vmState(vm), await zone.service(service)], ["unproven", "unproven"]);
    await control.command(ZONE, { do: "promote-user", user: "florist" });
    assert.equal((await zone.snapshot()).account.administrator, true);
  });
});
