import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UNREADABLE_VALUE, ZoneError } from "../../../src/federation/model/zone-facts.ts";
import { parseNodeKey } from "../../../src/guest-protocol/node-key.ts";
import { parseListedState, parseVmIds, parseVmState, VmReader } from "../../../src/opennebula/parse/vm.ts";
import { readable } from "../../../src/opennebula/parse/xml.ts";
import { recordedValue } from "../recording.ts";

const asWritten = { words: (text: string) => text, value: (text: string) => text };
const vmsOf = (xml: string) => readable(new VmReader(asWritten).read(xml));

const asPool = (vm: string) => `<VM_POOL>${vm}</VM_POOL>`;

function onlyVm(name: string) {
  const [vm, ...others] = vmsOf(asPool(recordedValue(name)));
  assert.ok(vm !== undefined && others.length === 0);
  return vm;
}

const unreadable = (error: unknown): boolean => error instanceof ZoneError && error.code === "unreadable";

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
    assert.equal("ETH0_DNS" in context, false, "only what the protocol names is kept");
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
    const pem = recordedValue("xmlrpc.vm.info-running-multiline-value").replaceAll("FL_CA_PEM", "FL_CA_CERT");
    assert.match(vmsOf(asPool(pem))[0]?.attributes["FL_CA_CERT"] ?? "", /CERTIFICATE-----\nMII/);
  });

  const saying = (said: string): string =>
    asPool(recordedValue("xmlrpc.vm.info-running").replace("<USER_TEMPLATE>", `<USER_TEMPLATE>${said}`));

  it("keeps of what is written into it only the protocol's names", () => {
    const [vm] = vmsOf(saying("<FL_STAGE>serving</FL_STAGE><FL_ADMIT>x</FL_ADMIT><FL_JUNK>y</FL_JUNK><JUNK>z</JUNK>"));
    assert.deepEqual(vm?.attributes, { FL_STAGE: "serving", FL_ADMIT: "x" });
  });

  it("shows a value longer than the protocol's as one that cannot be read", () => {
    const [vm] = vmsOf(saying(`<FL_NODE_KEY>${"k".repeat(64 * 1024 + 1)}</FL_NODE_KEY><FL_STAGE>serving</FL_STAGE>`));
    assert.deepEqual(vm?.attributes, { FL_NODE_KEY: UNREADABLE_VALUE, FL_STAGE: "serving" });
    assert.equal(parseNodeKey(UNREADABLE_VALUE).ok, false);
  });

  it("tells in the scheduler's words why no host takes it, while it is pending", () => {
    assert.match(onlyVm("xmlrpc.vm.info-pending-no-host").schedMessage ?? "", /Not enough MEMORY on hosts: 0,1$/);
    assert.equal("schedMessage" in (vmsOf(saying("<SCHED_MESSAGE>old</SCHED_MESSAGE>"))[0] ?? {}), false);
  });

  it("tells what OpenNebula could not do with it", () => {
    assert.equal(vmsOf(saying("<ERROR>PROLOG failed</ERROR>"))[0]?.error, "PROLOG failed");
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
      assert.equal(vmsOf(asPool(xml))[0]?.state, state);
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
      vmsOf(recordedValue("xmlrpc.vmpool.infoset-extended")).map(({ id }) => id),
      [3, 2],
    );
    assert.deepEqual(parseVmIds(recordedValue("xmlrpc.vmpool.info-mine-active")), [2, 1, 0]);
    assert.deepEqual(vmsOf("<VM_POOL></VM_POOL>"), []);
    assert.deepEqual(parseVmIds("<VM_POOL/>"), []);
  });

  it("of a name given twice keeps the last, and a guest cannot make the pool unreadable", () => {
    const said =
      "<READY>1</READY><READY><![CDATA[</VM><VM>]]></READY><__PROTO__>x</__PROTO__><CONSTRUCTOR>y</CONSTRUCTOR>";
    assert.deepEqual(vmsOf(saying(said))[0]?.attributes, { READY: "</VM><VM>" });
  });

  it("of an odd shape hides none of the others, and is named with what is odd", () => {
    const fine = recordedValue("xmlrpc.vm.info-running");
    const odd = fine.replace("<ID>2</ID>", "<ID>9</ID>").replace(/<MEMORY>.*?<\/MEMORY>/, "");
    const members = new VmReader(asWritten).read(asPool(odd + fine));
    assert.deepEqual(
      members.map((member) => [member.id, "why" in member ? member.why : "read"]),
      [
        [9, "TEMPLATE/MEMORY: Invalid input: expected string, received undefined"],
        [2, "read"],
      ],
    );
    const [nameless] = new VmReader(asWritten).read(asPool(fine.replace("<ID>2</ID>", "<ID>x</ID>")));
    assert.equal(nameless?.id, null);
  });

  it("has only numbers that can be kept: a network or an image that is none is -1, and a VM without is unreadable", () => {
    const fine = recordedValue("xmlrpc.vm.info-running");
    for (const odd of ["x", "9".repeat(400), "1e999", "-7"]) {
      const shown = fine.replace(/<(NETWORK_ID|IMAGE_ID)>.*?<\/\1>/g, `<$1>${odd}</$1>`);
      const [vm] = vmsOf(asPool(shown));
      assert.deepEqual([vm?.nics.map(({ networkId }) => networkId), vm?.imageIds], [[-1], [-1]]);
    }
    const [nameless] = new VmReader(asWritten).read(asPool(fine.replace("<ID>2</ID>", `<ID>${"9".repeat(400)}</ID>`)));
    assert.equal(nameless?.id, null);
  });

  it("shows its state in a list as well", () => {
    const list = recordedValue("xmlrpc.vmpool.info-mine-active");
    assert.equal(parseListedState(list, 2), "running");
    assert.equal(parseListedState(list, 999_999), undefined);
    assert.equal(parseListedState(asPool("<VM><ID>4</ID><STATE>6</STATE><LCM_STATE>0</LCM_STATE></VM>"), 4), "done");
  });

  it("that was cut or is of another kind is unreadable", () => {
    const xml = asPool(recordedValue("xmlrpc.vm.info-running"));
    for (const broken of ["", "x", "<html></html>", xml.slice(0, -20)]) {
      assert.throws(() => new VmReader(asWritten).read(broken), unreadable);
    }
  });

  it("among a megabyte of others is read in less than 50 ms of work", () => {
    const two = recordedValue("xmlrpc.vmpool.infoset-two-vms-40kB-values").replace(/^<VM_POOL>|<\/VM_POOL>$/g, "");
    const xml = asPool(two.repeat(11));
    assert.ok(xml.length > 1_000_000);
    const times = Array.from({ length: 10 }, () => {
      const started = process.cpuUsage();
      assert.equal(new VmReader(asWritten).read(xml).length, 22);
      return process.cpuUsage(started).user / 1000;
    });
    // The best of a few: the machine that tests has other things to do.
    assert.ok(Math.min(...times) < 50, `${times}`);
  });
});
