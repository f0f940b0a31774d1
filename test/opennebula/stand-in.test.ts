/** The client against the program that stands in for OpenNebula, as it ships: whole flows instead of single answers. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { ZoneError, type ZoneSnapshot } from "../../src/federation/model/zone-facts.ts";
import { type OpenZone, openZone } from "../../src/opennebula/zone.ts";
import { until, WAIT_LIMIT_MS } from "../waiting.ts";

const PROGRAM = join(import.meta.dirname, "../../sandbox/zones/main.js");

const ready = z.object({
  zones: z.array(z.object({ name: z.string(), xmlrpc: z.string(), oneflow: z.string() })).min(1),
});

let program: ChildProcess;
let where: z.output<typeof ready>["zones"][number];
const opened: OpenZone[] = [];

before(async () => {
  program = spawn(process.execPath, [PROGRAM, "--zones", "1", "--port-base", "0", "--speed", "50"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  assert.ok(program.stdout !== null);
  const lines = createInterface({ input: program.stdout });
  const [line] = await once(lines, "line", { signal: AbortSignal.timeout(WAIT_LIMIT_MS) });
  const [zone] = ready.parse(JSON.parse(String(line).replace(/^ready /, ""))).zones;
  assert.ok(zone !== undefined);
  where = zone;
});

after(async () => {
  await Promise.all(opened.map((zone) => zone.close()));
  program.kill("SIGTERM");
  if (program.exitCode === null) await once(program, "exit");
});

function open(password = "florist-of-zone-a", user = "florist"): OpenZone {
  const zone = openZone({
    ...where,
    user,
    password: { reveal: () => password },
    deadlines: { xmlrpc: 60_000, oneflow: 60_000 },
    inFlight: { xmlrpc: 4, oneflow: 2 },
  });
  opened.push(zone);
  return zone;
}

const comesTo = (zone: OpenZone, holds: (snapshot: ZoneSnapshot) => boolean): Promise<ZoneSnapshot> =>
  until(`${holds}`, () => zone.snapshot(), holds);

const manifest = (templateId: number) => ({
  name: "one SuperLink",
  deployment: "straight",
  ready_status_gate: true,
  user_inputs: { FLOWER_VERSION: "M|text|Flower version| |1.31.0" },
  roles: [{ name: "superlink", type: "vm", cardinality: 1, min_vms: 1, template_id: templateId }],
});

const roleAt = (attempt: string, address: string) => ({
  name: "superlink",
  cardinality: 1,
  context: { FL_ATTEMPT: attempt, REPORT_READY: "NO" },
  nics: [{ NAME: "_NIC0", NETWORK_ID: "0", IP: address, MODEL: "virtio" }],
});

const order = (attempt: string, address: string) => ({
  name: "florist-demo",
  userInputs: { FLOWER_VERSION: "1.31.0" },
  roles: [roleAt(attempt, address)],
});

describe("a zone from the first look to the last VM", () => {
  it("is surveyed", async () => {
    const { version, account, template, network } = await open().survey({
      template: "Flower SuperLink 1.31.0",
      network: "public",
    });
    assert.equal(version, "7.4.0");
    assert.deepEqual([account.name, account.administrator], ["florist", false]);
    assert.ok(template.found && network.found);
    assert.deepEqual([template.cpu, template.vcpu, template.memory], [1, 2, 2048]);
    assert.deepEqual(network.ranges, [{ first: "203.0.113.18", last: "203.0.113.30" }]);
    assert.deepEqual(network.leased, ["203.0.113.18"]);
  });

  it("knows an administrator, and a wrong password", async () => {
    const administrator = open("oneadmin-of-zone-a", "oneadmin");
    assert.equal((await administrator.survey({ template: 0, network: 0 })).account.administrator, true);
    const stranger = open("wrong");
    for (const refusal of [stranger.snapshot(), stranger.removeService(1)]) {
      await assert.rejects(refusal, (error) => error instanceof ZoneError && error.code === "authentication");
    }
  });

  it("takes a service template, a service at the address asked for, an attribute, and lets all go again", async () => {
    const zone = open();
    const templateId = await zone.registerServiceTemplate(manifest(0));
    const [registered] = await zone.serviceTemplates("one SuperLink");
    assert.equal(registered?.id, templateId);
    assert.deepEqual(z.object({ roles: z.unknown() }).parse(registered?.body).roles, manifest(0).roles);

    const serviceId = await zone.instantiate(templateId, order("f1.zone-a.0123.1", "203.0.113.20"));
    const running = await comesTo(zone, ({ vms }) => vms.some(({ state }) => state === "running"));
    const [vm] = running.vms;
    assert.ok(vm !== undefined);
    assert.deepEqual([vm.serviceId, vm.context["FL_ATTEMPT"]], [serviceId, "f1.zone-a.0123.1"]);
    assert.deepEqual(vm.nics, [{ name: "_NIC0", networkId: 0, ip: "203.0.113.20" }]);
    const service = running.services.find(({ id }) => id === serviceId);
    assert.deepEqual([service?.attempt, service?.vmIds], ["f1.zone-a.0123.1", [vm.id]]);

    await zone.publish(vm.id, { FL_TLS_CERT: "QUJD+/=", READY: "YES" });
    const told = await comesTo(zone, ({ services }) => services.some(({ state }) => state === "running"));
    assert.equal(told.vms[0]?.attributes["FL_TLS_CERT"], "QUJD+/=");

    await zone.removeService(serviceId);
    const empty = await comesTo(zone, ({ services, vms }) => services.length === 0 && vms.length === 0);
    assert.deepEqual([empty.services, empty.vms], [[], []]);
    await zone.removeService(serviceId);
    await zone.terminateVm(vm.id);
  });

  it("tells in the service's log that the address was taken, and removes such a service too", async () => {
    const zone = open();
    const templateId = await zone.registerServiceTemplate(manifest(0));
    const serviceId = await zone.instantiate(templateId, order("f1.zone-a.0123.2", "203.0.113.18"));
    const failed = await comesTo(zone, ({ services }) => services.some(({ state }) => state === "failed-deploying"));
    assert.match(failed.services[0]?.log.join() ?? "", /Cannot get IP\/MAC lease from virtual network 0/);
    await zone.removeService(serviceId);
    await comesTo(zone, ({ services }) => services.length === 0);
  });

  it("removes a service that still waits for its guest", async () => {
    const zone = open();
    const templateId = await zone.registerServiceTemplate(manifest(0));
    const serviceId = await zone.instantiate(templateId, order("f1.zone-a.0123.3", "203.0.113.21"));
    // OneFlow cannot end a VM that boots: that is told as its failure, and the next try leaves the VM behind.
    await comesTo(zone, ({ vms }) => vms.some(({ state }) => state === "running"));
    await zone.removeService(serviceId);
    await comesTo(zone, ({ services, vms }) => services.length === 0 && vms.length === 0);
  });

  it("makes a VM that no service holds: its template's CONTEXT with ours over it, and our card in the place of its own", async () => {
    const zone = open();
    const { template } = await zone.survey({ template: "Flower SuperLink 1.31.0", network: "public", deploy: "vms" });
    assert.ok(template.found && template.contextNames.length > 0);
    const { context, nics } = roleAt("f1/zone-a/0123456789ab/1", "203.0.113.24");
    const wanted = { templateId: template.id, name: "florist-demo-zone-a-1", context, nics, disks: [] };
    const vmId = await zone.createVm({ ...wanted, contentDigest: template.contentDigest });
    const { vms, services } = await comesTo(zone, ({ vms: all }) => all.some(({ state }) => state === "running"));
    const [vm] = vms;
    assert.deepEqual([vm?.id, vm?.name, vm?.serviceId, services], [vmId, wanted.name, undefined, []]);
    assert.deepEqual([vm?.context["FL_ATTEMPT"], vm?.context["TOKEN"]], ["f1/zone-a/0123456789ab/1", "YES"]);
    assert.deepEqual(vm?.nics, [{ name: "_NIC0", networkId: 0, ip: "203.0.113.24" }]);
    await zone.terminateVm(vmId);
    await comesTo(zone, (now) => now.vms.length === 0);
    assert.equal(await zone.vmState(vmId), "done");
    await assert.rejects(
      zone.createVm({ ...wanted, contentDigest: "0".repeat(64) }),
      /was changed after it was approved/,
    );
    assert.deepEqual((await zone.snapshot()).vms, []);
  });

  it("gives VMs of either kind a disk after those of their template, and oned takes it", async () => {
    const zone = open();
    const query = { template: "Flower SuperLink 1.31.0", network: "public", dataImage: 1 };
    const { template, data } = await zone.survey(query);
    assert.ok(template.found && data !== null && !("found" in data));
    assert.deepEqual([data.id, data.isDisk, data.isShared, data.persistent], [1, true, false, false]);
    const disks = [{ IMAGE_ID: "1", SERIAL: "florist-data" }];
    const { contentDigest, id } = template;
    const rest = order("f1/zone-a/0123456789ab/1", "203.0.113.25");
    const role = roleAt("f1/zone-a/0123456789ab/1", "203.0.113.25");
    const { context, nics } = role;
    const alone = await zone.createVm({ templateId: id, name: "one", context, nics, disks, contentDigest });
    const templateId = await zone.registerServiceTemplate(manifest(id));
    const asRole = (digest: string) => ({ ...role, added: { template: { id, contentDigest: digest }, disks } });
    const held = roleAt("f1/zone-a/0123456789ab/2", "203.0.113.26");
    await assert.rejects(
      zone.instantiate(templateId, { ...rest, roles: [asRole("0".repeat(64))] }),
      /was changed after it was approved/,
    );
    const serviceId = await zone.instantiate(templateId, {
      ...rest,
      roles: [{ ...asRole(contentDigest), nics: held.nics }],
    });
    const { vms } = await comesTo(zone, ({ vms: all }) => all.filter(({ state }) => state === "running").length === 2);
    const own = template.images.flatMap((image) => ("found" in image ? [] : [image.id]));
    assert.deepEqual(
      vms.map(({ imageIds }) => imageIds),
      [
        [...own, 1],
        [...own, 1],
      ],
    );
    assert.ok(vms.some((vm) => vm.id === alone));
    const missing = await zone.survey({ ...query, dataImage: 99 });
    assert.deepEqual(missing.data, { found: false, because: "missing", asked: 99 });
    await zone.removeService(serviceId);
    await comesTo(zone, ({ services, vms: left }) => services.length === 0 && left.every(({ id: vm }) => vm === alone));
    await zone.terminateVm(alone);
    await comesTo(zone, (now) => now.vms.length === 0);
  });

  it("refuses in a zone without OneFlow what only that can do, and says which address is missing", async () => {
    const { oneflow: _none, ...without } = where;
    const zone = openZone({
      ...without,
      user: "florist",
      password: { reveal: () => "florist-of-zone-a" },
      deadlines: { xmlrpc: 60_000, oneflow: 60_000 },
      inFlight: { xmlrpc: 4, oneflow: 2 },
    });
    opened.push(zone);
    const query = { template: "Flower SuperLink 1.31.0", network: "public" };
    assert.equal((await zone.survey({ ...query, deploy: "vms" })).version, "7.4.0");
    for (const refusal of [zone.survey(query), zone.removeService(1)]) {
      await assert.rejects(refusal, /names no OneFlow for zone zone-a/);
    }
  });

  it("refuses a service whose inputs are not all there", async () => {
    const zone = open();
    const templateId = await zone.registerServiceTemplate(manifest(0));
    await assert.rejects(
      zone.instantiate(templateId, { ...order("f1.zone-a.0123.4", "203.0.113.22"), userInputs: {} }),
      (error) => error instanceof ZoneError && error.code === "invalid",
    );
    assert.deepEqual((await zone.snapshot()).services, []);
  });
});
