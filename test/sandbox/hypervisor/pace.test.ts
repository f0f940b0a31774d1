import assert from "node:assert/strict";
import { it } from "node:test";
import { Pace } from "../../../sandbox/hypervisor/pace.ts";

it("the guests' clock goes on from where it was when their speed changes", () => {
  const pace = new Pace({ speed: 1000, seed: "florist" });
  const before = pace.now;
  pace.setSpeed(1);
  const slow = pace.now;
  assert.ok(slow >= before && slow < before + 3_600_000);
  pace.setSpeed(1000);
  assert.ok(pace.now >= slow);
});
