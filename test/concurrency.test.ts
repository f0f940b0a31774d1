import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { Concurrency } from "../src/concurrency.ts";

const HOUR = 3_600_000;
const calendar = Date.now;

const setCalendar = (by: number): void => {
  Date.now = () => calendar() + by;
};

function aGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

afterEach(() => {
  Date.now = calendar;
});

describe("Jobs of which few run at once", () => {
  test("are as many as allowed and never more", async () => {
    const places = new Concurrency(2);
    let running = 0;
    let most = 0;
    const gate = aGate();
    const job = (): Promise<void> =>
      places.run(async () => {
        running += 1;
        most = Math.max(most, running);
        if (running === 2) gate.open();
        await gate.opened;
        running -= 1;
      });
    await Promise.all([job(), job(), job(), job()]);
    assert.equal(most, 2);
  });

  test("go on when the calendar is set back an hour", async () => {
    const places = new Concurrency(1);
    assert.equal(await places.run(async () => "before"), "before");
    setCalendar(-HOUR);
    assert.equal(await places.run(async () => "after"), "after");
  });

  test("that wait when it is set back run too, each once", async () => {
    const places = new Concurrency(1);
    const gate = aGate();
    const runs: number[] = [];
    const held = places.run(() => gate.opened);
    const waiting = [1, 2, 3].map((nth) => places.run(async () => void runs.push(nth)));
    setCalendar(-HOUR);
    gate.open();
    await Promise.all([held, ...waiting]);
    assert.deepEqual(runs.toSorted(), [1, 2, 3]);
  });

  test("give back what they fail with", async () => {
    const places = new Concurrency(1);
    await assert.rejects(
      places.run(async () => {
        throw new Error("no");
      }),
      /no/,
    );
    assert.equal(await places.run(async () => "next"), "next");
  });
});
