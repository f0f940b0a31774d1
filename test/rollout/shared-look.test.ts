import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SharedLook } from "../../src/rollout/shared-look.ts";

function looking() {
  const clock = { now: 0 };
  const ends: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const look = new SharedLook<number>(
    () => new Promise((resolve, reject) => ends.push({ resolve, reject })),
    3000,
    () => clock.now,
  );
  return { clock, ends, look };
}

describe("a look for all who ask", () => {
  it("is one, however many ask while it is under way", async () => {
    const { ends, look } = looking();
    const asked = Array.from({ length: 20 }, () => look.see());
    ends[0]?.resolve(7);
    assert.deepEqual(new Set(await Promise.all(asked)), new Set([7]));
    assert.equal(ends.length, 1);
  });

  it("answers for a few seconds after its end, and then there is a new one", async () => {
    const { clock, ends, look } = looking();
    const first = look.see();
    clock.now = 60_000;
    ends[0]?.resolve(1);
    await first;
    clock.now += 2999;
    assert.equal(await look.see(), 1);
    clock.now += 1;
    const second = look.see();
    ends[1]?.resolve(2);
    assert.equal(await second, 2);
  });

  it("that failed answers nobody who asks later", async () => {
    const { ends, look } = looking();
    const first = look.see();
    ends[0]?.reject(new Error("down"));
    await assert.rejects(first);
    const second = look.see();
    ends[1]?.resolve(2);
    assert.equal(await second, 2);
  });
});
