import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, it } from "node:test";
import { CallLimiter, Ended } from "../../src/opennebula/call-limiter.ts";
import { retryAfter } from "../../src/opennebula/retry-after.ts";
import { errorOf, startDaemons } from "./daemons.ts";

describe("a call that waits for its place", () => {
  it("is not sent when hardly any time is left for its answer", async () => {
    let now = 0;
    const line = new CallLimiter({ inFlight: 1, deadline: 60_000, clock: () => now });
    for (const [left, isSent] of [
      [6001, true],
      [5999, false],
    ] as const) {
      const place = new EventEmitter();
      const isTaken = once(place, "taken");
      const holding = line.run(async () => {
        place.emit("taken");
        await once(place, "given back");
      });
      await isTaken;
      let wasSent = false;
      const second = line.run(async () => {
        wasSent = true;
      });
      now += 60_000 - left;
      place.emit("given back");
      await holding;
      if (isSent) await second;
      else await assert.rejects(second, (error) => error instanceof Ended && error.why === "deadline");
      assert.equal(wasSent, isSent);
    }
  });
});

describe("a proxy that asks to be left alone for a while", () => {
  it("says so in seconds or with a date, together with an answer of its own", () => {
    const now = Date.parse("2026-03-02T08:00:00Z");
    assert.equal(retryAfter(503, "120", now), 120_000);
    assert.equal(retryAfter(429, " 2 ", now), 2000);
    assert.equal(retryAfter(503, "Mon, 02 Mar 2026 08:00:30 GMT", now), 30_000);
    for (const header of ["0", "-5", "soon", "Mon, 02 Mar 2026 07:00:00 GMT", "1e9", undefined, ["1"]]) {
      assert.equal(retryAfter(503, header, now), undefined, String(header));
    }
    assert.equal(retryAfter(200, "120", now), undefined);
  });

  it("is left alone until then, and two minutes at most", async () => {
    let now = 0;
    const line = new CallLimiter({ inFlight: 2, deadline: 60_000, clock: () => now });
    const isHeld = (error: unknown): boolean => error instanceof Ended && error.why === "held";
    const call = () => line.run(async () => "answer");
    line.hold(5000);
    line.hold(1000);
    await assert.rejects(call(), isHeld);
    now = 4999;
    await assert.rejects(call(), isHeld);
    now = 5000;
    assert.equal(await call(), "answer");
    line.hold(24 * 60 * 60_000);
    now += 119_999;
    await assert.rejects(call(), isHeld);
    now += 1;
    assert.equal(await call(), "answer");
  });

  for (const [daemon, call] of [
    ["oned", (zone) => zone.publish(1, { FL_ADMITTED: "YES" })],
    ["OneFlow", (zone) => zone.registerServiceTemplate({ name: "x" })],
  ] as const satisfies readonly (readonly [string, (zone: ReturnType<Opened>) => Promise<unknown>])[]) {
    it(`before ${daemon} is not called again meanwhile: what was not sent has certainly done nothing`, async () => {
      const daemons = await startDaemons((_asked, response) => {
        response.writeHead(503, { "retry-after": "60", connection: "close" });
        response.end("busy");
        return undefined;
      });
      try {
        const zone = daemons.open();
        assert.equal((await errorOf(call(zone))).ambiguous, true);
        const held = await errorOf(call(zone));
        assert.deepEqual([held.code, held.ambiguous, daemons.asked.length], ["rubbish", false, 1]);
        assert.match(held.message, /was not sent: something before zone zone-a at .* asked to be left alone/);
      } finally {
        await daemons.close();
      }
    });
  }
});

type Opened = Awaited<ReturnType<typeof startDaemons>>["open"];
