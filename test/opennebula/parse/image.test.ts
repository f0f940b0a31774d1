import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseImage } from "../../../src/opennebula/parse/image.ts";
import { recordedValue } from "../recording.ts";

describe("an image", () => {
  it("tells its time and size", () => {
    const { registeredAt, ...image } = parseImage(recordedValue("xmlrpc.image.info"));
    assert.deepEqual(image, { id: 0, name: "flower-os", persistent: false, state: "used", size: 1024 });
    assert.equal(registeredAt, 1795363335);
  });

  it("that is persistent and that a VM has is in use", () => {
    const xml = recordedValue("xmlrpc.image.info-used")
      .replace("<PERSISTENT>0", "<PERSISTENT>1")
      .replace("<STATE>2", "<STATE>8");
    const { persistent, state } = parseImage(xml);
    assert.deepEqual([persistent, state], [true, "used"]);
  });

  for (const state of ["disabled", "locked", "error", "used"] as const) {
    it(`recorded as ${state} is ${state}`, () => {
      assert.equal(parseImage(recordedValue(`xmlrpc.image.info-${state}`)).state, state);
    });
  }
});
