/** What is refused before it costs anything: texts that are short to write and long to read. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDocuments } from "../../../src/opennebula/parse/document.ts";
import { parseTemplate } from "../../../src/opennebula/parse/template.ts";
import { parseVmIds, VmReader } from "../../../src/opennebula/parse/vm.ts";
import { refusedWith } from "../scripted-zone.ts";

const unreadable = refusedWith("unreadable");
const asWritten = { words: (text: string) => text, value: (text: string) => text };

/** An entity of ten of the one before, and so on: ten to the power of `depth`. */
const laughs = (depth: number): string =>
  `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: depth }, (_, nth) => `<!ENTITY a${nth} "${(nth === 0 ? "&a;" : `&a${nth - 1};`).repeat(10)}">`).join("")}]>`;

describe("an answer of a zone that is made to be long to read", () => {
  it("has no entities that grow: they are left as they stand, or refused", () => {
    for (const read of [
      () => parseVmIds(`${laughs(9)}<VM_POOL><VM><ID>&a8;</ID></VM></VM_POOL>`),
      () =>
        parseVmIds(
          `<!DOCTYPE x [<!ENTITY a "${"9".repeat(9000)}">]><VM_POOL>${"<VM><ID>&a;</ID></VM>".repeat(10_000)}</VM_POOL>`,
        ),
    ]) {
      const seen = outcomeOf(read);
      assert.ok(seen === "refused" || seen.length < 1000, `${seen.length} characters`);
    }
  });

  it("is refused when it is nested deeply", () => {
    const nested = (depth: number) => `${"<a>".repeat(depth)}${"</a>".repeat(depth)}`;
    assert.throws(() => parseVmIds(`<VM_POOL>${nested(200_000)}</VM_POOL>`), unreadable);
    const template = `<VMTEMPLATE><ID>1</ID><NAME>n</NAME><TEMPLATE>${nested(20_000)}</TEMPLATE></VMTEMPLATE>`;
    assert.throws(() => parseTemplate(template), unreadable);
  });

  it("is refused, unread, when it has more elements than any zone answers with", () => {
    for (const members of ["<a/>".repeat(2_000_000), "<VM><ID>1</ID></VM>".repeat(400_000)]) {
      assert.throws(() => parseVmIds(`<VM_POOL>${members}</VM_POOL>`), /more than 200000 elements/);
    }
  });

  it("hides no other service when the body of one is JSON that is nested deeply", () => {
    const [document] = parseDocuments(
      `<DOCUMENT_POOL><DOCUMENT><ID>1</ID><NAME>x</NAME><TEMPLATE><BODY>${"[".repeat(100_000)}${"]".repeat(100_000)}</BODY></TEMPLATE></DOCUMENT></DOCUMENT_POOL>`,
    );
    assert.ok(document !== undefined && "why" in document);
  });

  it("changes nothing of what all objects have in common", () => {
    const vm = `<VM><ID>1</ID><USER_TEMPLATE><__proto__><FL_STAGE>serving</FL_STAGE></__proto__></USER_TEMPLATE></VM>`;
    outcomeOf(() => new VmReader(asWritten).read(`<VM_POOL>${vm}</VM_POOL>`));
    assert.equal(Reflect.get({}, "FL_STAGE"), undefined);
  });
});

function outcomeOf(read: () => unknown): string {
  try {
    return JSON.stringify(read());
  } catch (error) {
    assert.ok(unreadable(error));
    return "refused";
  }
}
