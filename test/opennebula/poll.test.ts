import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AccountFacts, ServiceFacts, VmFacts, ZoneSnapshot } from "../../src/federation/model/zone-facts.ts";
import type { LookFailure } from "../../src/federation/ports.ts";
import { createPoller, type PollClock } from "../../src/opennebula/poll.ts";

/** Time that passes only when the test says so; looks are awaited, never slept for. */
class Timeline implements PollClock {
  #now = 1_000_000;
  /** The calendar, which somebody may set: what is said to have been at zero. */
  epoch = Date.parse("2030-01-01T00:00:00Z");
  #due: { at: number; run: () => void } | undefined;

  now(): number {
    return this.#now;
  }

  date(): string {
    return new Date(this.epoch + this.#now).toISOString();
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
    this.#now = Math.max(this.#now, due.at);
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

const ACCOUNT: AccountFacts = { id: 2, name: "florist", administrator: false };
const service: ServiceFacts = { id: 7, name: "s", state: "running", vmIds: [1], log: [], errors: [] };

function watch() {
  const time = new Timeline();
  const counted = { account: 0, services: 0, vms: 0 };
  const shown: ZoneSnapshot[] = [];
  const errors: LookFailure[] = [];
  const zone = {
    says: NOTHING,
    fails: false,
    heartbeats: 0,
    takes: 0,
    async account(): Promise<AccountFacts> {
      counted.account += 1;
      return ACCOUNT;
    },
    async services() {
      counted.services += 1;
      return { services: [service], unreadable: [] };
    },
    async vms() {
      counted.vms += 1;
      this.heartbeats += 1;
      time.pass(this.takes);
      if (this.fails) throw new Error("down");
      return { vms: [vm({ ...this.says, FL_HEARTBEAT: String(this.heartbeats) })], unreadable: [] };
    },
  };
  const core = { fails: false };
  const poller = createPoller({
    zone,
    policy: { fastest: 1000, slowest: 16_000 },
    clock: time,
    chance: () => 1,
    onSnapshot: (snapshot) => {
      if (core.fails) throw new Error("the journal is full");
      shown.push(snapshot);
    },
    onError: (failure) => void errors.push(failure),
  });
  return { time, counted, shown, errors, zone, core, poller };
}

const since = (forMs: number) => ({ what: "the beginning", forMs });

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
    assert.deepEqual(counted, { account: 1, services: 2, vms: 8 });
    assert.ok(shown.every(({ services }) => services[0]?.id === 7));
  });

  it("reads services sooner while something is awaited, and keeps to a tenth of the time waited", async () => {
    const { time, counted, poller } = watch();
    await time.look();
    poller.expect("f1 zone-a", since(0));
    for (let look = 0; look < 23; look += 1) await time.look();
    assert.deepEqual(counted, { account: 1, services: 3, vms: 24 });
    poller.expect("f1 zone-a", { what: "another beginning", forMs: 40_000 });
    assert.equal(time.pause, 4000);
  });

  it("looks as often for ever where something stays as urgent, and reads services no more for it", async () => {
    const { time, counted, poller } = watch();
    await time.look();
    poller.expect("f1 tunnels", { what: "tunnels that stand", forMs: 50_000, steady: true });
    for (let look = 0; look < 19; look += 1) await time.look();
    assert.deepEqual([time.pause, counted.services], [5000, 5]);
    poller.expect("f1 tunnels", null);
    await time.look();
    assert.equal(time.pause, 16_000);
  });

  it("costs the same however many federations await something", async () => {
    const { time, counted, poller } = watch();
    await time.look();
    for (let federation = 0; federation < 50; federation += 1) poller.expect(`f${federation}`, since(0));
    await time.look();
    assert.deepEqual(counted, { account: 1, services: 1, vms: 2 });
    assert.equal(time.pause, 1000);
  });

  it("says of services that were kept when they were read", async () => {
    const { time, shown } = watch();
    for (let look = 0; look < 5; look += 1) await time.look();
    assert.deepEqual(
      shown.map(({ at, servicesAt }) => at === servicesAt),
      [true, false, false, false, true],
    );
    assert.equal(shown[3]?.servicesAt, shown[0]?.at);
  });

  it("reads services again after they could not be read", async () => {
    const { time, zone, counted } = watch();
    const { services } = zone;
    zone.services = async () => {
      counted.services += 1;
      throw new Error("away");
    };
    await time.look();
    zone.services = services;
    await time.look();
    assert.equal(counted.services, 2);
  });

  it("looks sooner when something begins to be awaited in the middle of a long pause", async () => {
    const { time, poller } = watch();
    for (let look = 0; look < 6; look += 1) await time.look();
    assert.equal(time.pause, 16_000);
    time.pass(5000);
    poller.expect("f1", since(0));
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

  it("backs off from a zone that fails, and says of each failure how many there were and since when", async () => {
    const { time, zone, errors, shown } = watch();
    await time.look();
    zone.fails = true;
    const began = time.date();
    time.epoch -= 1000;
    const pauses: (number | undefined)[] = [];
    for (let look = 0; look < 6; look += 1) {
      await time.look();
      pauses.push(time.pause);
    }
    assert.deepEqual(pauses, [2000, 4000, 8000, 16_000, 16_000, 16_000]);
    assert.deepEqual(
      errors.map(({ of, failures, since: first }) => [of, failures, first]),
      [1, 2, 3, 4, 5, 6].map((failures) => ["zone", failures, began]),
    );
    assert.equal(shown.length, 1);
    zone.fails = false;
    await time.look();
    assert.equal(shown.length, 2);
    zone.fails = true;
    await time.look();
    assert.equal(errors.at(-1)?.failures, 1, "a look that worked begins the count anew");
  });

  it("tells a zone that cannot be looked at from a look that could not be taken in", async () => {
    const { time, core, errors } = watch();
    core.fails = true;
    await time.look();
    assert.deepEqual(
      errors.map(({ of, failures }) => [of, failures]),
      [["conclusion", 1]],
    );
  });

  it("shows whose answer it is, asked seldom, and anew after a failure", async () => {
    const { time, zone, counted, shown } = watch();
    for (let look = 0; look < 20; look += 1) await time.look();
    assert.equal(counted.account, 1);
    assert.ok(shown.every(({ account }) => account === ACCOUNT));
    await time.look();
    assert.equal(counted.account, 2);
    zone.fails = true;
    await time.look();
    const other = { id: 9, name: "florist", administrator: true };
    zone.account = async () => other;
    zone.fails = false;
    await time.look();
    assert.deepEqual(shown.at(-1)?.account, other);
  });

  it("is not hurried by a VM that changes something at every look", async () => {
    const { time, zone } = watch();
    const began = time.now();
    let looks = 0;
    while (time.now() - began < 600_000) {
      zone.says = { FL_STAGE: `stage ${looks}`, FL_NODE_KEY: `key ${looks}`, FL_LINK: `link ${looks}` };
      await time.look();
      looks += 1;
    }
    assert.ok(looks < 60, `${looks} looks in 600 s`);
  });

  it("is hurried neither by links, nor reasons, nor lists of nodes, nor attributes of no meaning", async () => {
    const { time, zone } = watch();
    for (let look = 0; look < 5; look += 1) {
      zone.says = { FL_LINK: `${look}`, FL_REASON: `${look}`, FL_NODES: `${look}`, FL_READY: `${look}` };
      await time.look();
    }
    assert.equal(time.pause, 16_000);
  });

  it("lets one restless VM not hide the change of another", async () => {
    const { time, zone } = watch();
    const quiet = { ...vm({}), id: 2 };
    let stage = "starting";
    zone.vms = async () => ({
      vms: [vm({ FL_STAGE: `${time.now()}` }), { ...quiet, attributes: { FL_STAGE: stage } }],
      unreadable: [],
    });
    for (let look = 0; look < 12; look += 1) await time.look();
    assert.equal(time.pause, 16_000);
    stage = "serving";
    await time.look();
    assert.equal(time.pause, 1000);
  });

  it("costs a zone about three calls a minute in the long run", async () => {
    const { time, counted } = watch();
    for (let look = 0; look < 200; look += 1) await time.look();
    // A look at VMs or at services is one call, one at the account two; at the slowest there are two looks a minute.
    const calls = counted.vms + 2 * counted.account + counted.services;
    assert.ok(calls / 200 < 1.5, `${calls} calls in 200 looks`);
  });

  it("goes on at its pace when somebody sets the calendar", async () => {
    const { time, poller } = watch();
    poller.expect("f1", since(0));
    for (const step of [-3_600_000, 7_200_000, -86_400_000]) {
      await time.look();
      time.epoch += step;
      poller.expect("f1", since(step));
      assert.equal(time.pause, 1000);
    }
  });

  it("counts by its own clock what it was told once, however often it is told the same", async () => {
    const { time, poller } = watch();
    await time.look();
    poller.expect("f1", since(0));
    time.pass(100_000);
    poller.expect("f1", since(0));
    for (let look = 0; look < 6; look += 1) await time.look();
    assert.ok((time.pause ?? 0) > 9000 && (time.pause ?? 0) < 16_000, `${time.pause}`);
  });

  it("leaves a zone that is slow to answer alone for as long as it took", async () => {
    const { time, zone, poller } = watch();
    zone.takes = 4000;
    poller.expect("f1", since(0));
    await time.look();
    assert.equal(time.pause, 4000);
    poller.pollSoon();
    assert.equal(time.pause, 4000);
  });

  it("shows when the look began, and one look at a time", async () => {
    const { time, shown } = watch();
    const began = time.date();
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
    poller.expect("f1", since(0));
    poller.pollSoon();
    assert.equal(time.pause, undefined);
  });
});
