import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type ClockSample, clockChecks } from "../../src/doctor/clock-checks.ts";

const told = (samples: readonly ClockSample[]) =>
  clockChecks(samples).map(({ subject, verdict, sentence }) => [subject, verdict, sentence]);

suite("A clock", () => {
  test("is right when it is within half a minute of this machine's", () => {
    assert.deepEqual(
      told([
        { who: "Slack", ahead: -29_000 },
        { who: "zone-a", ahead: 0 },
      ]),
      [
        ["Slack", "ok", "The clocks of Slack and of this machine agree."],
        ["zone-a", "ok", "The clocks of zone-a and of this machine agree."],
      ],
    );
  });

  test("of one zone that is off is that zone's matter: a warning, and beyond five minutes a fault", () => {
    for (const [ahead, verdict, words] of [
      [60_000, "warning", "60 s fast"],
      [-3_600_000, "fault", "60 min slow"],
    ] as const) {
      const checks = told([
        { who: "Slack", ahead: 0 },
        { who: "zone-a", ahead },
        { who: "zone-b", ahead: 1_000 },
      ]);
      assert.deepEqual(checks[1], ["zone-a", verdict, `The clock of zone-a is ${words}.`]);
      assert.deepEqual(
        checks.filter(([, how]) => how === "ok").map(([who]) => who),
        ["Slack", "zone-b"],
      );
    }
  });

  test("of this machine is wrong when the others agree on another time, and they are not blamed for it", () => {
    assert.deepEqual(
      told([
        { who: "Slack", ahead: 3_600_000 },
        { who: "zone-a", ahead: 3_599_000 },
        { who: "zone-b", ahead: 7_200_000 },
      ]),
      [
        ["this machine", "fault", "The clock of this machine is 60 min slow."],
        ["zone-b", "fault", "The clock of zone-b is 60 min fast."],
      ],
    );
  });

  test("that nobody can be compared with is passed over", () => {
    assert.deepEqual(told([]), []);
  });
});
