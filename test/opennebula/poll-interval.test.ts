import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Circumstances, nextLook } from "../../src/opennebula/poll-interval.ts";

const pace = { fastest: 1000, slowest: 60_000 };
const calm: Circumstances = { awaitedFor: [], quietLooks: 0, failures: 0, chance: 0.5 };

const long: Circumstances = { ...calm, quietLooks: 20 };

describe("when to look at a zone again", () => {
  it("is after a tenth of the time waited so far", () => {
    assert.equal(nextLook(pace, { ...long, awaitedFor: [50_000] }), 5000);
  });

  it("is soon while something has just begun, and no slower for what is awaited longer", () => {
    assert.equal(nextLook(pace, { ...long, awaitedFor: [0] }), 1000);
    assert.equal(nextLook(pace, { ...long, awaitedFor: [100_000, 40_000, 20_000] }), 2000);
  });

  it("is soon as well when something moved while something else has been awaited for long", () => {
    assert.equal(nextLook(pace, { ...calm, awaitedFor: [3_600_000] }), 1000);
  });

  it("doubles while nothing is awaited and nothing moves", () => {
    const pauses = [0, 1, 2, 3, 10, 5000].map((quietLooks) => nextLook(pace, { ...calm, quietLooks }));
    assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 60_000, 60_000]);
  });

  it("doubles while looks fail, spread by chance, even if something is awaited", () => {
    const failing = (failures: number, chance: number) =>
      nextLook(pace, { ...calm, failures, chance, awaitedFor: [100_000] });
    assert.deepEqual([failing(1, 1), failing(2, 1), failing(2, 0)], [2000, 4000, 2000]);
  });

  it("is never sooner than half the fastest pace and never later than the slowest", () => {
    const circumstances = fc.record({
      awaitedFor: fc.array(fc.integer()),
      quietLooks: fc.nat(),
      failures: fc.nat(),
      chance: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(circumstances, (given) => {
        const pause = nextLook(pace, given);
        assert.ok(pause >= pace.fastest / 2 && pause <= pace.slowest);
      }),
    );
  });
});
