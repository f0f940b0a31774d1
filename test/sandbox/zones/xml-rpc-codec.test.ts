import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCall, successEnvelope } from "../../../sandbox/zones/xmlrpc/codec.ts";
import { Parameters } from "../../../sandbox/zones/xmlrpc/parameters.ts";

const call = (value: string) =>
  parseCall(
    `<?xml version="1.0"?><methodCall><methodName>m</methodName><params><param>${value}</param></params></methodCall>`,
  );

test("a string comes through whole, with references, spaces and newlines", () => {
  const { parameters } = call("<value><string> a &lt;b&gt; &amp;lt; &#10;&#x41;\n</string></value>");
  assert.deepEqual(parameters, [{ type: "string", value: " a <b> &lt; \nA\n" }]);
});

test("a value without a type is a string, and one without content too", () => {
  assert.deepEqual(call("<value>bare</value>").parameters, [{ type: "string", value: "bare" }]);
  assert.deepEqual(call("<value><string/></value>").parameters, [{ type: "string", value: "" }]);
  assert.deepEqual(call("<value><string></string></value>").parameters, [{ type: "string", value: "" }]);
});

test("parameters are faults when they are too few, too many or of another type", () => {
  const { parameters } = call("<value><int>7</int></value>");
  assert.throws(() => new Parameters(parameters).string(), { name: "Fault", code: -501 });
  assert.throws(() => new Parameters([]).integer(), { name: "Fault", code: -501 });
  assert.throws(() => new Parameters(parameters).end(), { name: "Fault", code: -501 });
  assert.equal(new Parameters(parameters).integer(), 7);
});

test("what is no call is a fault", () => {
  for (const body of ["", "nonsense", "<methodCall>", "<a></a>"]) {
    assert.throws(() => parseCall(body), { name: "Fault", code: -503 });
  }
});

test("what is answered is escaped once", () => {
  assert.match(successEnvelope("<A>&amp;</A>"), /<string>&lt;A&gt;&amp;amp;&lt;\/A&gt;<\/string>/);
});
