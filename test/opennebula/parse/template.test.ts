import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { diskFacts, parseDisks, parseTemplate } from "../../../src/opennebula/parse/template.ts";
import { recordedValue } from "../recording.ts";

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
      nic: { model: "virtio" },
      otherNics: [],
      pciNics: [],
      hasNicAlias: false,
      hasStartScript: false,
      startsOnHold: false,
      contextNames: ["FL_ROLE", "NETWORK", "REPORT_READY", "SSH_PUBLIC_KEY", "TOKEN"],
      diskNames: ["IMAGE_ID"],
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

  const withMore = (more: string) => parseTemplate(xml.replace("<TEMPLATE>", `<TEMPLATE>${more}`));

  it("tells the cards that go when its first is replaced, by the networks that it names", () => {
    const { nic, otherNics } = parseTemplate(
      xml.replace(
        "</NIC>",
        "</NIC><NIC><NETWORK>storage</NETWORK></NIC><NIC><NETWORK_ID>7</NETWORK_ID></NIC><NIC><NETWORK_MODE>auto</NETWORK_MODE></NIC>",
      ),
    );
    assert.deepEqual([nic.model, otherNics], ["virtio", ["storage", "number 7", "chosen by the scheduler"]]);
  });

  it("tells PCI devices that are network cards from others", () => {
    const { pciNics } = withMore("<PCI><TYPE>NIC</TYPE><NETWORK>sriov</NETWORK></PCI><PCI><VENDOR>10de</VENDOR></PCI>");
    assert.deepEqual(pciNics, ["sriov"]);
  });

  it("tells an alias, a start script of its own in either form, and that its VMs start on hold", () => {
    assert.equal(withMore("<NIC_ALIAS><PARENT>NIC0</PARENT></NIC_ALIAS>").hasNicAlias, true);
    for (const value of ["YES", "yes", "1", "true"]) {
      assert.equal(withMore(`<SUBMIT_ON_HOLD>${value}</SUBMIT_ON_HOLD>`).startsOnHold, true, value);
    }
    assert.equal(withMore("<SUBMIT_ON_HOLD>NO</SUBMIT_ON_HOLD>").startsOnHold, false);
    for (const name of ["START_SCRIPT", "START_SCRIPT_BASE64"]) {
      const scripted = xml.replace("<CONTEXT>", `<CONTEXT><${name}>eA==</${name}>`);
      assert.equal(parseTemplate(scripted).hasStartScript, true, name);
    }
  });
});

describe("a VM template's disks", () => {
  const xml = recordedValue("xmlrpc.template.info-superlink-extended");
  const plain = recordedValue("xmlrpc.template.info-superlink");
  const image = { size: 4096, persistent: false };
  const factsOf = (of: string, found: Parameters<typeof diskFacts>[1] = image) =>
    parseDisks(of).map((disk) => diskFacts(disk, found));

  it("are as oned would make them: a clone's size counts as the datastore's driver says", () => {
    const disksOf = (target: string) =>
      factsOf(xml.replace("<CLONE_TARGET><![CDATA[SYSTEM]]>", `<CLONE_TARGET><![CDATA[${target}]]>`));
    assert.deepEqual(parseDisks(xml)[0]?.image, { ref: 0 });
    assert.deepEqual(disksOf("SYSTEM"), [{ size: 1024, datastore: "system" }]);
    assert.deepEqual(disksOf("SELF"), [{ size: 1024, datastore: 1 }]);
    assert.deepEqual(disksOf("NONE"), [{ size: 1024, datastore: null }]);
  });

  it("that are not cloned are linked, and count as the driver says of that", () => {
    const linked = xml.replace("<CLONE><![CDATA[YES]]>", "<CLONE><![CDATA[NO]]>");
    assert.deepEqual(factsOf(linked), [{ size: 1024, datastore: null }]);
    const copied = linked.replace("<LN_TARGET><![CDATA[NONE]]>", "<LN_TARGET><![CDATA[SYSTEM]]>");
    assert.deepEqual(factsOf(copied), [{ size: 1024, datastore: "system" }]);
  });

  it("that have no image are made empty beside the others", () => {
    const swap = xml.replace("</DISK>", "</DISK><DISK><TYPE>swap</TYPE><SIZE>512</SIZE></DISK>");
    assert.equal(parseDisks(swap)[1]?.image, undefined);
    assert.deepEqual(factsOf(swap, undefined)[1], { size: 512, datastore: "system" });
  });

  it("are clones of the whole image where oned does not say more, unless it is persistent", () => {
    assert.deepEqual(factsOf(plain), [{ size: 4096, datastore: "system" }]);
    assert.deepEqual(factsOf(plain, { ...image, persistent: true }), [{ size: 4096, datastore: null }]);
  });

  it("name an image by its number, or by its name and its owner's name or number", () => {
    const naming = (attributes: string) =>
      parseDisks(plain.replace("<IMAGE_ID><![CDATA[0]]></IMAGE_ID>", attributes))[0]?.image;
    assert.deepEqual(naming("<IMAGE>os</IMAGE>"), { ref: "os" });
    assert.deepEqual(naming("<IMAGE>os</IMAGE><IMAGE_UNAME>oneadmin</IMAGE_UNAME>"), { ref: "os", owner: "oneadmin" });
    assert.deepEqual(naming("<IMAGE>os</IMAGE><IMAGE_UID>0</IMAGE_UID>"), { ref: "os", owner: 0 });
  });
});
