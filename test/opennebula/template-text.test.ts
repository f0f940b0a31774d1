import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseTemplateText } from "../../sandbox/zones/oned/template-text.ts";
import { vectorText } from "../../src/opennebula/template-text.ts";

describe("A vector attribute as template text", () => {
  it("is read back as it was, quotes and lines included, but for blanks at its ends, which oned drops", () => {
    const value = fc.string({ unit: "binary" }).filter((text) => !/\\("|$)/.test(text) && !text.includes("]]>"));
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z][A-Z_]{0,9}$/), value), (entries) => {
        const [read] = parseTemplateText(vectorText("CONTEXT", entries)).get("CONTEXT") ?? [];
        const trimmed = Object.entries(entries).map(([name, text]) => [name, text.trim()]);
        assert.ok(typeof read === "object");
        assert.deepEqual(Object.fromEntries(read), Object.fromEntries(trimmed));
      }),
    );
  });

  it("is refused where it cannot be written, with what to change", () => {
    for (const value of ["C:\\", 'a\\"b', "a]]>b"]) {
      assert.throws(() => vectorText("CONTEXT", { SHARE: value }), /SHARE in CONTEXT.*Change it in the VM template/);
    }
  });
});
