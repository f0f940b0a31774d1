import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseImage } from "../../../src/opennebula/parse/image.ts";
import { recordedValue } from "../recording.ts";

describe("an image", () => {
  it("tells its time and size", () => {
    const { registeredAt, ...image } = parseImage(recordedValue("xmlrpc.image.info"));
    assert.deepEqual(image, { id: 0, name: "flower-os", state: "used", size: 1024 });
    assert.equal(registeredAt, 1795363335);
  });

  for (const state of ["disabled", "locked", "error", "used"] as const) {
    it(`recorded as ${state} is ${state}`, () => {
      assert.equal(parseImage(recordedValue(`xmlrpc.image.info-${state}`)).state, state);
    });
  }
});
