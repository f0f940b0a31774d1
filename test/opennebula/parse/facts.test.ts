import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { ZoneError } from "../../../src/federation/zone-facts.ts";
import { headroom, parseGroup, parseUser } from "../../../src/opennebula/parse/account.ts";
import { parseDocuments, serviceFacts } from "../../../src/opennebula/parse/document.ts";
import { parseImage } from "../../../src/opennebula/parse/image.ts";
import { parseNetwork } from "../../../src/opennebula/parse/network.ts";
import { parseTemplate } from "../../../src/opennebula/parse/template.ts";
import { parseVmIds, parseVmState, parseVms } from "../../../src/opennebula/parse/vm.ts";
import { recordedValue, recording } from "../recording.ts";

const shownService = z.object({
  DOCUMENT: z.object({
    ID: z.string(),
    NAME: z.string(),
    TEMPLATE: z.object({ BODY: z.record(z.string(), z.unknown()) }),
  }),
});

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

  it("among a megabyte of others is read in less than 50 ms", () => {
    const two = recordedValue("xmlrpc.vmpool.infoset-two-vms-40kB-values").replace(/^<VM_POOL>|<\/VM_POOL>$/g, "");
    const xml = asPool(two.repeat(11));
    assert.ok(xml.length > 1_000_000);
    const times = Array.from({ length: 10 }, () => {
      const started = performance.now();
      assert.equal(parseVms(xml).length, 22);
      return performance.now() - started;
    });
    // The best of a few: the machine that tests has other things to do.
    assert.ok(Math.min(...times) < 50, `${times}`);
  });
});

describe("a VM template", () => {
  const xml = recordedValue("xmlrpc.template.info-superlink");

  it("tells what it would run", () => {
    const { contentDigest, ...template } = parseTemplate(xml);
    assert.deepEqual(template, {
      found: true,
      id: 0,
      name: "Flower SuperLink",
      cpu: 1,
      vcpu: 2,
      memory: 2048,
      disks: [{ ref: 0 }],
      nic: { model: "virtio" },
      contextNames: ["FL_ROLE", "NETWORK", "REPORT_READY", "SSH_PUBLIC_KEY", "TOKEN"],
    });
    assert.match(contentDigest, /^[0-9a-f]{64}$/);
  });

  it("has the same digest however its attributes are ordered, named, timed or shared", () => {
    const reordered = xml
      .replace("<CPU><![CDATA[1]]></CPU>", "")
      .replace("</TEMPLATE>", "<CPU>1</CPU></TEMPLATE>")
      .replace("<NAME>Flower SuperLink</NAME>", "<NAME>Renamed</NAME>")
      .replace(/<REGTIME>\d+/, "<REGTIME>1")
      .replace("<GROUP_M>0", "<GROUP_M>1");
    assert.notEqual(reordered, xml);
    assert.equal(parseTemplate(reordered).contentDigest, parseTemplate(xml).contentDigest);
  });

  for (const [what, from, to] of [
    ["more memory", "<![CDATA[2048]]>", "<![CDATA[4096]]>"],
    ["another image", "<IMAGE_ID><![CDATA[0]]>", "<IMAGE_ID><![CDATA[1]]>"],
    ["one more CONTEXT entry", "<CONTEXT>", "<CONTEXT><START_SCRIPT><![CDATA[curl evil]]></START_SCRIPT>"],
    ["another boot order", "<BOOT><![CDATA[]]>", "<BOOT><![CDATA[disk0]]>"],
    ["a second disk", "</DISK>", "</DISK><DISK><IMAGE_ID>4</IMAGE_ID></DISK>"],
  ] as const) {
    it(`has another digest with ${what}`, () => {
      const changed = xml.replace(from, to);
      assert.notEqual(changed, xml);
      assert.notEqual(parseTemplate(changed).contentDigest, parseTemplate(xml).contentDigest);
    });
  }

  it("has another digest when its disks change places", () => {
    const disks = (one: number, other: number) =>
      xml.replace(
        "</DISK>",
        `</DISK><DISK><IMAGE_ID>${one}</IMAGE_ID></DISK><DISK><IMAGE_ID>${other}</IMAGE_ID></DISK>`,
      );
    assert.notEqual(parseTemplate(disks(1, 2)).contentDigest, parseTemplate(disks(2, 1)).contentDigest);
  });

  it("may name an image by name and owner", () => {
    const named = xml.replace(
      "<IMAGE_ID><![CDATA[0]]></IMAGE_ID>",
      "<IMAGE>os</IMAGE><IMAGE_UNAME>oneadmin</IMAGE_UNAME>",
    );
    assert.deepEqual(parseTemplate(named).disks, [{ ref: "os", owner: "oneadmin" }]);
  });
});

describe("an image", () => {
  it("tells its time and size", () => {
    const { registeredAt, ...image } = parseImage(recordedValue("xmlrpc.image.info"));
    assert.deepEqual(image, { id: 0, name: "flower-os", state: "used", size: 1024 });
    assert.equal(registeredAt, 1795363335);
  });

  for (const state of ["disabled", "locked", "error", "used"] as const) {
    it(`recorded as ${state} is ${state}`, () => {
      assert.equal(parseImage(recordedValue(`xmlrpc.image.info-${state}`)).state, state);
    });
  }
});

describe("a network", () => {
  const xml = recordedValue("xmlrpc.vn.info");

  it("tells its ranges and leases", () => {
    const network = parseNetwork(xml);
    assert.deepEqual(network.ranges, [{ first: "10.10.10.10", last: "10.10.10.209" }]);
    assert.deepEqual(network.leased, ["10.10.10.10", "10.10.10.11"]);
    assert.deepEqual(parseNetwork(recordedValue("xmlrpc.vn.info-ar-pool")).leased, []);
  });

  it("counts a range's end from its size when it is not said", () => {
    const unsaid = xml.replace(/<IP_END>.*?<\/IP_END>/, "").replace("<![CDATA[200]]>", "<![CDATA[500]]>");
    assert.deepEqual(parseNetwork(unsaid).ranges, [{ first: "10.10.10.10", last: "10.10.11.253" }]);
  });

  it("has no range to dial where it hands out no IPv4 addresses", () => {
    const other = xml.replace(/<IP><!\[CDATA\[10.10.10.10\]\]><\/IP><MAC>/, "<MAC>");
    assert.deepEqual(parseNetwork(other).ranges, []);
  });
});

describe("an account", () => {
  const groupOf = (name: string) => parseGroup(recordedValue(`xmlrpc.group.info-${name}`));
  const userOf = (name: string) => parseUser(recordedValue(`xmlrpc.user.info-${name}`));

  it("tells its groups, and never the hash of its password", () => {
    const user = userOf("secondary-oneadmin-group");
    assert.deepEqual([user.id, user.name, user.primaryGroup, user.groups], [5, "wire-adm", 100, [0, 100]]);
    assert.doesNotMatch(JSON.stringify(user), /PASSWORD|0{20}/);
  });

  it("of a group's administrator stands among the group's ADMINS only", () => {
    assert.deepEqual(groupOf("with-admins").admins, [5]);
    assert.deepEqual(groupOf("minus-one").admins, []);
  });

  it("has what the smaller quota of user and group leaves", () => {
    const quotas = [userOf("with-vm-and-network-quotas").quotas, groupOf("with-quotas").quotas];
    assert.deepEqual(headroom(quotas, 0), { vms: 2, cpu: 3, memory: 5000, leases: 3 });
    assert.deepEqual(headroom(quotas, 7).leases, null);
  });

  it("without any quota has no limit", () => {
    const quotas = [userOf("self").quotas, groupOf("minus-one").quotas];
    assert.deepEqual(headroom(quotas, 0), { vms: null, cpu: null, memory: null, leases: null });
  });

  it("is held to the zone's default where its own quota says nothing", () => {
    const quotas = [userOf("default-quotas").quotas, groupOf("minus-one").quotas];
    assert.deepEqual(headroom(quotas, 0), { vms: 0, cpu: null, memory: null, leases: null });
  });

  it("has nothing left when the quota is used up", () => {
    assert.equal(headroom([userOf("quota-used-up").quotas], 0).vms, 0);
  });
});

describe("a service", () => {
  const documents = parseDocuments(recordedValue("xmlrpc.documentpool.info-services"));

  it("is read from oned's documents", () => {
    assert.deepEqual(documents.map(serviceFacts), [
      {
        id: 2,
        name: "fl-coord-1",
        state: "running",
        vmIds: [1],
        log: ["New state: DEPLOYING_NETS", "New state: DEPLOYING", "New state: RUNNING"],
      },
    ]);
  });

  const shown = (name: string) => {
    const { body } = recording(`oneflow.service.show-${name}`).response;
    const { DOCUMENT } = shownService.parse(JSON.parse(body));
    return serviceFacts({ id: Number(DOCUMENT.ID), name: DOCUMENT.NAME, body: DOCUMENT.TEMPLATE.BODY });
  };

  for (const [name, state, vms] of [
    ["just-after-instantiate", "deploying", 0],
    ["DEPLOYING", "deploying", 2],
    ["RUNNING", "running", 2],
    ["WARNING-vm-powered-off", "warning", 2],
    ["SCALING", "scaling", 3],
    ["COOLDOWN", "cooldown", 3],
    ["FAILED_SCALING", "failed-scaling", 3],
    ["FAILED_DEPLOYING-partly", "failed-deploying", 1],
    ["UNDEPLOYING", "undeploying", 2],
  ] as const) {
    it(`shown as ${name} is ${state} with ${vms} VMs`, () => {
      const facts = shown(name);
      assert.deepEqual([facts.state, facts.vmIds.length], [state, vms]);
    });
  }

  it("tells in its log why it failed", () => {
    assert.ok(shown("FAILED_DEPLOYING-quota").log.some((line) => line.includes("limit of 1 reached for VMS quota")));
  });

  it("of ours is known by the attempt in its role's CONTEXT", () => {
    const roles = [{ template_contents: { CONTEXT: { FL_ATTEMPT: "f1:zone-a:0123:1" } } }];
    const facts = serviceFacts({ id: 1, name: "x", body: { state: 0, roles } });
    assert.deepEqual([facts.state, facts.attempt, facts.vmIds], ["pending", "f1:zone-a:0123:1", []]);
  });

  it("that somebody made by hand of our template is none of ours", () => {
    const roles = [{ template_contents: { CONTEXT: { FL_ATTEMPT: "" } } }];
    assert.equal("attempt" in serviceFacts({ id: 1, name: "x", body: { state: 0, roles } }), false);
  });

  it("of an older format is none of ours, but no obstacle", () => {
    const roles = [{ vm_template: 1, vm_template_contents: "CONTEXT=[A=1]", template_contents: "X=1", nodes: null }];
    assert.equal(serviceFacts({ id: 1, name: "x", body: { state: 15, roles } }).state, "hold");
  });

  it("without a state that exists is rubbish", () => {
    assert.throws(() => serviceFacts({ id: 1, name: "x", body: { state: 16, roles: [] } }), rubbish);
    assert.throws(() => serviceFacts({ id: 1, name: "x", body: {} }), rubbish);
  });
});
