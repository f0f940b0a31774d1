import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decode, encode } from "../../src/store/state-codec.ts";
import { aFederation } from "../builders/federation.ts";

const throughJson = (value: unknown): unknown => decode(JSON.parse(JSON.stringify(encode(value))));

const name = fc.oneof(fc.constantFrom("$map", "$set", "$plain", "__proto__", "1", "a"), fc.string());
const leaf = fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.constant(null));
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(leaf, tie("value")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(leaf, { maxLength: 3 }).map((items) => new Set(items)),
    fc.array(fc.tuple(name, tie("value")), { maxLength: 3 }).map((members) => Object.fromEntries(members)),
  ),
}));

describe("plain data with Maps and Sets", () => {
  test("comes back from JSON as it went, whatever its members are called", () => {
    fc.assert(
      fc.property(anything, (value) => {
        assert.deepEqual(throughJson(value), value);
      }),
    );
  });

  test("loses members that are undefined, as JSON does", () => {
    assert.deepEqual(throughJson({ a: undefined, $map: 1 }), { $map: 1 });
  });

  test("is every state that a federation has in its life", () => {
    const story = aFederation().running();
    assert.deepEqual(throughJson(story.federation), story.federation);
  });

  test("is told from what only looks like it", () => {
    for (const wrong of [{ $map: 1 }, { $set: {} }, { $map: [1] }, { $map: [[1]] }, { $plain: 1 }])
      assert.throws(() => decode(wrong));
  });
});
