import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KeptTemplates } from "../../../src/opennebula/parse/kept-templates.ts";
import { childrenOf } from "../../../src/opennebula/parse/outline.ts";
import { VmReader } from "../../../src/opennebula/parse/vm.ts";
import { Dice, inputs, mutatedBytes } from "../../mutations/mutation.ts";
import { piecesWith } from "../../mutations/zone-answer.ts";
import { recordedValue } from "../recording.ts";

const VM = recordedValue("xmlrpc.vm.info-oneflow-node-with-address");
const pool = (...vms: readonly string[]): string => `<VM_POOL>${vms.join("")}</VM_POOL>`;
const vmOf = (template: string): string => `<VM><ID>1</ID>${template}<USER_TEMPLATE/></VM>`;
const MADE = "<TEMPLATE><CPU>1</CPU></TEMPLATE>";

/** Counts what it reads. */
function reading(): { readonly templates: KeptTemplates<string>; readonly read: string[] } {
  const read: string[] = [];
  const take = (xml: string): string => {
    read.push(xml);
    return xml;
  };
  return { templates: new KeptTemplates(new Set(["ID"]), take), read };
}

describe("what a VM was made with", () => {
  it("is read once, however often it is looked at and however many VMs share it", () => {
    const { templates, read } = reading();
    for (let look = 0; look < 3; look += 1) {
      templates.nextRound();
      const text = templates.abridged(pool(vmOf(MADE), vmOf(MADE)));
      const [, key] = /<TEMPLATE>([0-9a-f]{64})<\/TEMPLATE>/.exec(text) ?? [];
      assert.equal(templates.kept(key), MADE);
      assert.equal(text.includes("<CPU>"), false);
    }
    assert.deepEqual(read, [MADE]);
  });

  it("is forgotten when no VM shows it any more", () => {
    const { templates, read } = reading();
    for (const vms of [[vmOf(MADE)], [], [], [vmOf(MADE)]]) {
      templates.nextRound();
      templates.abridged(pool(...vms));
    }
    assert.equal(read.length, 2);
  });

  it("is shown as changed when it changes", () => {
    const reader = new VmReader({ words: (text) => text, value: (text) => text });
    const cpus = ["<CPU><![CDATA[1]]></CPU>", "<CPU><![CDATA[4]]></CPU>"].map((cpu) => {
      reader.nextRound();
      const [member] = reader.read(pool(VM.replace("<CPU><![CDATA[1]]></CPU>", cpu)));
      return member !== undefined && "value" in member ? member.value.cpu : undefined;
    });
    assert.deepEqual(cpus, [1, 4]);
  });

  it("is not mistaken for what somebody wrote into the VM", () => {
    const { templates, read } = reading();
    const written = `<USER_TEMPLATE><NOTE><![CDATA[</NOTE></VM><VM>${MADE}]]></NOTE></USER_TEMPLATE>`;
    templates.abridged(pool(`<VM><ID>1</ID>${MADE.replace("1", "2")}${written}</VM>`));
    assert.deepEqual(read, [MADE.replace("1", "2")]);
  });

  it("stays in its place where there are two, where it cannot be read, and in XML of another form", () => {
    const refusing = new KeptTemplates(new Set(), () => {
      throw new Error("odd");
    });
    const { templates } = reading();
    for (const text of [
      pool(vmOf(MADE + MADE)),
      pool(vmOf("")),
      pool(vmOf(MADE)).replace("<CPU>", '<CPU unit=">">'),
      pool(vmOf(MADE)).replace("</CPU>", "</GPU>"),
      pool(vmOf(MADE)).slice(0, -3),
      `<!-- -->${pool(vmOf(MADE))}`,
      "",
    ]) {
      assert.equal(templates.abridged(text), text);
    }
    assert.equal(refusing.abridged(pool(vmOf(MADE))), pool(vmOf(MADE)));
  });
});

describe("a pool whose bytes are damaged", () => {
  it("is read as it would be without anything kept", () => {
    const dice = new Dice();
    const pieces = piecesWith([]);
    for (let nth = 0; nth < inputs(0.1); nth += 1) {
      const damaged = mutatedBytes(dice, Buffer.from(pool(VM, VM)), pieces).toString();
      // Only a parser can judge what has a comment.
      assert.deepEqual(outcome(damaged), outcome(`<!-- -->${damaged}`), damaged);
    }
  });

  /** Which of its members could be read, and how; or that it could not be read at all. */
  function outcome(xml: string): unknown {
    const reader = new VmReader({ words: (text) => text, value: (text) => text });
    try {
      return reader.read(xml);
    } catch {
      return "unreadable";
    }
  }
});

describe("an outline", () => {
  it("finds the elements right inside, empty ones too, and nothing that stands in texts", () => {
    const text = "<A><B>x</B><C/>  <D><![CDATA[<E></D>]]><F/></D></A>";
    assert.deepEqual(
      childrenOf(text)?.map(({ name, from, to }) => [name, text.slice(from, to)]),
      [
        ["B", "<B>x</B>"],
        ["C", "<C/>"],
        ["D", "<D><![CDATA[<E></D>]]><F/></D>"],
      ],
    );
  });
});
