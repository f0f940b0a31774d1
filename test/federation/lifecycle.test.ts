import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aFederation } from "../builders/federation.ts";

describe("a federation", () => {
  it("is up when its SuperLink serves and sees every approved SuperNode", () => {
    const story = aFederation().running();
    assert.deepEqual(
      [...story.federation.sites.values()].map(({ zone, status, online }) => [zone, status, online]),
      [
        ["alpha", "up", 1],
        ["beta", "up", 2],
        ["gamma", "up", 2],
      ],
    );
  });
});
