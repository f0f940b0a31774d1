import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServiceFacts, VmFacts, ZoneSnapshot } from "../../src/federation/model/zone-facts.ts";
import { createPoller, type PollClock } from "../../src/opennebula/poll.ts";

/** Time that passes only when the test says so; looks are awaited, never slept for. */
class Timeline implements PollClock {
  #now = 1_000_000;
  #due: { at: number; run: () => void } | undefined;

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): () => void {
    const due = { at: this.#now + milliseconds, run };
    this.#due = due;
    return () => {
      if (this.#due === due) this.#due = undefined;
    };
  }

  /** Milliseconds until the next look; nothing if none is planned. */
  get pause(): number | undefined {
    return this.#due === undefined ? undefined : this.#due.at - this.#now;
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Lets the planned look happen, and everything that follows from it. */
  async look(): Promise<void> {
    const due = this.#due;
    assert.ok(due !== undefined, "no look is planned");
    this.#due = undefined;
    this.#now = due.at;
    due.run();
    await settled();
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const vm = (attributes: Readonly<Record<string, string>>): VmFacts => ({
  id: 1,
  name: "superlink",
  state: "running",
  cpu: 1,
  vcpu: 1,
  memory: 1,
  nics: [],
  imageIds: [],
  context: {},
  attributes,
});

const NOTHING: Readonly<Record<string, string>> = {};

function watch() {
  const time = new Timeline();
  const counted = { services: 0, vms: 0 };
  const shown: ZoneSnapshot[] = [];
  const errors: unknown[] = [];
  const zone = {
    says: NOTHING,
    fails: false,
    heartbeats: 0,
    async services(): Promise<readonly ServiceFacts[]> {
      counted.services += 1;
      return [{ id: 7, name: "s", state: "running", vmIds: [1], log: [] }];
    },
    async vms(): Promise<readonly VmFacts[]> {
      counted.vms += 1;
      this.heartbeats += 1;
      if (this.fails) throw new Error("down");
      return [vm({ ...this.says, FL_HEARTBEAT: String(this.heartbeats) })];
    },
  };
  const poller = createPoller({
    zone,
    policy: { fastest: 1000, slowest: 16_000 },
    clock: time,
    chance: () => 1,
    onSnapshot: (snapshot) => void shown.push(snapshot),
    onError: (error) => void errors.push(error),
  });
  return { time, counted, shown, errors, zone, poller };
}

describe("the poller of a zone", () => {
  it("looks at once, then ever less often while only heartbeats move", async () => {
    const { time, shown } = watch();
    assert.equal(time.pause, 0);
    const pauses: (number | undefined)[] = [];
    for (let look = 0; look < 7; look += 1) {
      await time.look();
      pauses.push(time.pause);
    }
    assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 16_000, 16_000]);
    assert.equal(shown.length, 7);
  });

  it("is quick again when something moved", async () => {
    const { time, zone } = watch();
    for (let look = 0; look < 4; look += 1) await time.look();
    assert.equal(time.pause, 8000);
    zone.says = { FL_STAGE: "failed" };
    await time.look();
    assert.equal(time.pause, 1000);
  });

  it("reads services seldom while nothing is awaited, and shows the last ones meanwhile", async () => {
    const { time, counted, shown } = watch();
    for (let look = 0; look < 8; look += 1) await time.look();
    assert.deepEqual(counted, { services: 2, vms: 8 });
    assert.ok(shown.every(({ services }) => services[0]?.id === 7));
  });

  it("reads everything in each look while something is awaited, and keeps to a tenth of the time waited", async () => {
    const { time, counted, poller } = watch();
    await time.look();
    poller.expect("f1 zone-a", time.now());
    for (let look = 0; look < 5; look += 1) await time.look();
    assert.deepEqual(counted, { services: 6, vms: 6 });
    time.pass(0);
    poller.expect("f1 zone-a", time.now() - 40_000);
    assert.equal(time.pause, 4000);
  });

  it("costs the same however many federations await something", async () => {
    const { time, counted, poller } = watch();
    await time.look();
    for (let federation = 0; federation < 50; federation += 1) poller.expect(`f${federation}`, time.now());
    await time.look();
    assert.deepEqual(counted, { services: 2, vms: 2 });
    assert.equal(time.pause, 1000);
  });

  it("looks sooner when something begins to be awaited in the middle of a long pause", async () => {
    const { time, poller } = watch();
    for (let look = 0; look < 6; look += 1) await time.look();
    assert.equal(time.pause, 16_000);
    time.pass(5000);
    poller.expect("f1", time.now());
    assert.equal(time.pause, 0);
    await time.look();
    poller.expect("f1", null);
    await time.look();
    assert.ok((time.pause ?? 0) > 1000, "what is no longer awaited hurries nobody");
  });

  it("looks soon after a nudge, but never faster than the pace", async () => {
    const { time, poller } = watch();
    for (let look = 0; look < 6; look += 1) await time.look();
    poller.pollSoon();
    poller.pollSoon();
    assert.equal(time.pause, 1000);
    time.pass(3000);
    poller.pollSoon();
    assert.equal(time.pause, 0);
  });

  it("looks again after a nudge that came during a look", async () => {
    const { time, poller, zone } = watch();
    for (let look = 0; look < 5; look += 1) await time.look();
    const { vms } = zone;
    zone.vms = function (this: typeof zone) {
      poller.pollSoon();
      return vms.call(this);
    };
    await time.look();
    assert.equal(time.pause, 1000);
  });

  it("backs off from a zone that fails, and says each failure", async () => {
    const { time, zone, errors, shown } = watch();
    await time.look();
    zone.fails = true;
    const pauses: (number | undefined)[] = [];
    for (let look = 0; look < 6; look += 1) {
      await time.look();
      pauses.push(time.pause);
    }
    assert.deepEqual(pauses, [2000, 4000, 8000, 16_000, 16_000, 16_000]);
    assert.deepEqual([errors.length, shown.length], [6, 1]);
    zone.fails = false;
    await time.look();
    assert.equal(shown.length, 2);
  });

  it("shows when the look began, and one look at a time", async () => {
    const { time, shown } = watch();
    const began = new Date(time.now()).toISOString();
    await time.look();
    assert.equal(shown[0]?.at, began);
  });

  it("shows nothing once it is stopped, not even a look that was under way", async () => {
    const { time, shown, poller } = watch();
    const looking = time.look();
    poller.stop();
    await looking;
    assert.equal(shown.length, 0);
    assert.equal(time.pause, undefined);
    poller.expect("f1", time.now());
    poller.pollSoon();
    assert.equal(time.pause, undefined);
  });
});
