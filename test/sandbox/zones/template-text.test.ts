import assert from "node:assert/strict";
import { test } from "node:test";
import { attributesJson } from "../../../sandbox/zones/oned/attributes.ts";
import { parseTemplateText } from "../../../sandbox/zones/oned/template-text.ts";

const read = (text: string) => attributesJson(parseTemplateText(text));

test("names become upper case, quotes may be escaped, newlines are kept and the last one lost", () => {
  assert.deepEqual(read('fl_x="a \\"b\\"\nc\n"\n# a comment\nY=1'), { FL_X: 'a "b"\nc', Y: "1" });
});

test("a vector holds names and values, a name given twice holds two", () => {
  assert.deepEqual(read('NIC=[NETWORK_ID="0", IP=10.0.0.1]\nX="1"\nX="2"'), {
    NIC: { NETWORK_ID: "0", IP: "10.0.0.1" },
    X: ["1", "2"],
  });
});

test("the XML form is read as well", () => {
  assert.deepEqual(read("<TEMPLATE><A>1</A><NIC><IP>10.0.0.1</IP></NIC></TEMPLATE>"), {
    A: "1",
    NIC: { IP: "10.0.0.1" },
  });
});

test("XML may hold its values in CDATA, and a name that begins with a digit gets ONE_ in front", () => {
  assert.deepEqual(read("<VM><A><![CDATA[ <1> ]]></A><NIC><IP><![CDATA[10.0.0.1]]></IP></NIC></VM>"), {
    A: "<1>",
    NIC: { IP: "10.0.0.1" },
  });
  assert.deepEqual(read('3D="x"\nV=[1A="y"]'), { ONE_3D: "x", V: { ONE_1A: "y" } });
});

test("a quote that never closes is part of the value", () => {
  assert.deepEqual(read('X="unterminated\n'), { X: '"unterminated' });
});

test("an empty value is a value", () => {
  assert.deepEqual(read('FL_ADMIT=""\n'), { FL_ADMIT: "" });
});

for (const wrong of ["X=a b", "A-B=1", "A.B=1", 'X="]]>"', "CPU=[[", "X", "E=", "V=[A=]"]) {
  test(`${JSON.stringify(wrong)} is a parse error`, () => {
    assert.throws(() => parseTemplateText(wrong), { name: "OneError", code: 2048 });
  });
}

test("4 MiB are read, 16 MiB are forgotten without a word", () => {
  const mebibytes = (count: number) => `X="${"a".repeat(count * 1024 * 1024)}"`;
  assert.equal(parseTemplateText(mebibytes(4)).size, 1);
  assert.equal(parseTemplateText(mebibytes(16)).size, 0);
});
