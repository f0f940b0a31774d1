import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ZoneError } from "../../../src/federation/model/zone-facts.ts";
import { parseVmIds, parseVmState, parseVms } from "../../../src/opennebula/parse/vm.ts";
import { recordedValue } from "../recording.ts";

const asPool = (vm: string) => `<VM_POOL>${vm}</VM_POOL>`;

function onlyVm(name: string) {
  const [vm, ...others] = parseVms(asPool(recordedValue(name)));
  assert.ok(vm !== undefined && others.length === 0);
  return vm;
}

const rubbish = (error: unknown): boolean => error instanceof ZoneError && error.code === "rubbish";

describe("a VM", () => {
  it("of a service is known by its service, its addresses and what it says", () => {
    const { context, attributes, ...vm } = onlyVm("xmlrpc.vm.info-oneflow-node-with-address");
    assert.deepEqual(vm, {
      id: 443,
      name: "superlink_0_(service_297)",
      state: "running",
      serviceId: 297,
      cpu: 1,
      vcpu: 2,
      memory: 2048,
      nics: [{ name: "_NIC0", networkId: 0, ip: "10.10.10.77" }],
      imageIds: [0],
    });
    assert.equal(context["FL_ROLE"], "superlink");
    assert.equal(context["ETH0_DNS"], "10.10.10.1");
    assert.equal(attributes["FL_ENDPOINT"], "10.10.10.77:9092");
    assert.equal(attributes["FL_READY"], "YES");
  });

  it("shows every NIC, also two of one name", () => {
    const { nics } = onlyVm("xmlrpc.vm.info-partly-deployed-double-nic");
    assert.equal(nics.length, 2);
    assert.deepEqual(new Set(nics.map(({ name }) => name)), new Set(["_NIC0"]));
  });

  it("shows a NIC that asked for an address without a network", () => {
    assert.equal(onlyVm("xmlrpc.vm.info-address-without-network").nics.length, 1);
  });

  it("keeps newlines of a value", () => {
    assert.match(
      onlyVm("xmlrpc.vm.info-running-multiline-value").attributes["FL_CA_PEM"] ?? "",
      /CERTIFICATE-----\nMII/,
    );
  });

  for (const [name, state] of [
    ["pending", "pending"],
    ["pending-no-host", "pending"],
    ["hold", "hold"],
    ["running", "running"],
    ["shutting-down", "shutting-down"],
    ["unknown", "unknown"],
    ["after-stop", "stopped"],
    ["after-suspend", "suspended"],
    ["poweroff", "poweroff"],
    ["poweroff-from-inside", "poweroff"],
    ["after-undeploy-hard", "undeployed"],
    ["done", "done"],
  ] as const) {
    it(`recorded as ${name} is ${state}`, () => {
      const xml = recordedValue(`xmlrpc.vm.info-${name}`);
      assert.equal(parseVmState(xml), state);
      assert.equal(parseVms(asPool(xml))[0]?.state, state);
    });
  }

  for (const [state, lifeCycle, told] of [
    [3, 0, "booting"],
    [3, 1, "booting"],
    [3, 2, "booting"],
    [3, 18, "powering-off"],
    [3, 36, "failed"],
    [3, 17, "running"],
  ] as const) {
    it(`in state ${state}/${lifeCycle} is ${told}`, () => {
      const xml = `<VM><STATE>${state}</STATE><LCM_STATE>${lifeCycle}</LCM_STATE></VM>`;
      assert.equal(parseVmState(xml), told);
    });
  }

  it("comes with others in one answer, and an empty pool is none", () => {
    assert.deepEqual(
      parseVms(recordedValue("xmlrpc.vmpool.infoset-extended")).map(({ id }) => id),
      [3, 2],
    );
    assert.deepEqual(parseVmIds(recordedValue("xmlrpc.vmpool.info-mine-active")), [2, 1, 0]);
    assert.deepEqual(parseVms("<VM_POOL></VM_POOL>"), []);
    assert.deepEqual(parseVmIds("<VM_POOL/>"), []);
  });

  it("of a name given twice keeps the last, and a guest cannot make the pool unreadable", () => {
    const said = "<A><![CDATA[1]]></A><A><![CDATA[</VM><VM>]]></A><__PROTO__>x</__PROTO__><CONSTRUCTOR>y</CONSTRUCTOR>";
    const xml = recordedValue("xmlrpc.vm.info-running").replace("<USER_TEMPLATE>", `<USER_TEMPLATE>${said}`);
    const [vm] = parseVms(asPool(xml));
    assert.equal(vm?.attributes["A"], "</VM><VM>");
    assert.equal(vm?.attributes["CONSTRUCTOR"], "y");
  });

  it("that was cut or is of another kind is rubbish", () => {
    const xml = asPool(recordedValue("xmlrpc.vm.info-running"));
    for (const broken of [
      "",
      "x",
      "<html></html>",
      xml.slice(0, -20),
      xml.replace("<STATE>3</STATE>", "<STATE>x</STATE>"),
    ]) {
      assert.throws(() => parseVms(broken), rubbish);
    }
  });

  it("among a megabyte of others costs less than 50 ms to read", () => {
    const two = recordedValue("xmlrpc.vmpool.infoset-two-vms-40kB-values").replace(/^<VM_POOL>|<\/VM_POOL>$/g, "");
    const xml = asPool(two.repeat(11));
    assert.ok(xml.length > 1_000_000);
    const times = Array.from({ length: 10 }, () => {
      const before = process.cpuUsage();
      assert.equal(parseVms(xml).length, 22);
      return process.cpuUsage(before).user / 1000;
    });
    // What it costs, and the best of a few: the machine that tests has other things to do.
    assert.ok(Math.min(...times) < 50, `${times}`);
  });
});
