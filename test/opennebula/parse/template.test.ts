import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseTemplate } from "../../../src/opennebula/parse/template.ts";
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
