import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import fc from "fast-check";
import Deserializer from "xmlrpc/lib/deserializer.js";
import { methodAnswer } from "../../src/opennebula/method-call.ts";
import { recording, recordings } from "./recording.ts";

/** As the `xmlrpc` package reads it, or the words of its error. */
const asThePackageReads = (text: string): Promise<unknown> =>
  new Promise((resolve) => {
    new Deserializer("utf8").deserializeMethodResponse(Readable.from([text]), (error, value) =>
      resolve(error instanceof Error ? error.message : value),
    );
  });

const read = (text: string): Promise<unknown> =>
  methodAnswer(text).catch((error: unknown) => (error instanceof Error ? error.message : error));

function answer(text: string, worked = 1): string {
  const value = (inner: string): string => `<value>${inner}</value>\r\n`;
  const values = `${value(`<boolean>${worked}</boolean>`)}${value(`<string>${text}</string>`)}${value("<i4>0</i4>")}`;
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n<methodResponse>\r\n<params>\r\n<param><value><array><data>\r\n${values}</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n`;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

describe("an answer of XML-RPC", () => {
  it("that was recorded is read as the xmlrpc package reads it", async () => {
    const names = recordings("xmlrpc.");
    assert.ok(names.length > 50, `${names.length}`);
    for (const name of names) {
      const { body } = recording(name).response;
      assert.deepEqual(await read(body), await asThePackageReads(body), name);
    }
  });

  it("holds any text that oned escaped", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.constantFrom(0, 1), async (text, worked) => {
        const plain = text.replaceAll("\r", "");
        assert.deepEqual(await read(answer(escaped(plain), worked)), [worked === 1, plain, 0]);
      }),
    );
  });

  it("of another form, or with other references, is read as the xmlrpc package reads it", async () => {
    for (const text of [
      answer("tab&#9;here"),
      answer("caf&#xe9;"),
      answer("a &unknown; reference"),
      answer("a bare & sign"),
      answer("<![CDATA[plain]]>"),
      answer("x").replace("<boolean>1", "<boolean>true"),
      answer("x").replace("<i4>0</i4>", "<string>0</string>"),
      answer("x").replace("</data>", ""),
      `${answer("x")}and more`,
      answer("x").replaceAll("\r\n", ""),
    ])
      assert.deepEqual(await read(text), await asThePackageReads(text), text);
  });
});
