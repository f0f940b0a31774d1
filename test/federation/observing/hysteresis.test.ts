import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type Condition,
  conditionKey,
  type Finding,
  guestCode,
  linkCode,
} from "../../../src/federation/model/conditions.ts";
import type { FederationEvent } from "../../../src/federation/model/events.ts";
import { after } from "../../../src/federation/model/evolve.ts";
import { NO_TRACK, type Tracker, track } from "../../../src/federation/observing/hysteresis.ts";
import { LINKS, REASONS } from "../../../src/guest-protocol/names.ts";
import { DAY, HOUR, MINUTE, POLICY, SECOND, zone } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";

const BASE = aFederation().running();

/** So many of beta's ten SuperNodes are online; null: nothing is wrong. */
const offline = (online: number | null): readonly Finding[] =>
  online === null
    ? []
    : [
        {
          subject: { kind: "site", site: zone("beta") },
          code: "supernodes-offline",
          detail: "",
          vmIds: [],
          extent: { online, expected: 10 },
        },
      ];

/** What looks find, one after the other, and what is told of it. */
class Looks {
  readonly told: { readonly at: number; readonly event: FederationEvent }[] = [];
  #federation = BASE.federation;
  #tracker: Tracker = NO_TRACK;
  #ms = 0;
  #clock = Date.parse(BASE.context.now);

  find(findings: readonly Finding[], { later = SECOND, unseen = false } = {}): this {
    this.#ms += later;
    this.#clock += later;
    const now = new Date(this.#clock).toISOString();
    const seen = { findings: unseen ? [] : findings, isUnseen: () => unseen };
    const { durations } = POLICY;
    const { events, tracker } = track(this.#tracker, this.#federation, seen, { ms: this.#ms, now }, durations);
    this.#tracker = tracker;
    this.#federation = after(this.#federation, events, now);
    for (const event of events) this.told.push({ at: this.#ms, event });
    return this;
  }

  /** For so long the same is found each second. */
  stays(findings: readonly Finding[], milliseconds: number, every = SECOND): this {
    for (let passed = 0; passed < milliseconds; passed += every) this.find(findings, { later: every });
    return this;
  }

  /** Somebody sets the calendar, and nothing else happens. */
  setsClock(by: number): this {
    this.#clock += by;
    return this;
  }

  restarts(): this {
    this.#tracker = NO_TRACK;
    return this;
  }

  get condition(): Condition | undefined {
    const [finding] = offline(0);
    assert.ok(finding !== undefined);
    return this.#federation.conditions.get(conditionKey(finding));
  }

  types(): readonly string[] {
    return this.told.map(({ event }) => event.type.replace("condition-", ""));
  }

  bytes(): number {
    return this.told.reduce((sum, { event }) => sum + JSON.stringify(event).length, 0);
  }
}

describe("what looks find", () => {
  it("is told once it has stood for as long as the policy says, and never after one look", () => {
    const looks = new Looks().find(offline(9), { later: HOUR });
    assert.deepEqual(looks.types(), []);
    assert.deepEqual(looks.stays(offline(9), 29 * SECOND).types(), []);
    assert.deepEqual(looks.stays(offline(9), SECOND).types(), ["raised"]);
    assert.deepEqual(looks.stays(offline(9), DAY, MINUTE).types(), ["raised"]);
  });

  it("is over once it has not been found for as long", () => {
    const looks = new Looks().stays(offline(9), MINUTE).stays([], 30 * SECOND);
    assert.deepEqual(looks.types(), ["raised"]);
    assert.deepEqual(looks.find([]).types(), ["raised", "cleared"]);
  });

  it("says since when it has been so, not when that was certain", () => {
    const looks = new Looks().stays(offline(9), MINUTE);
    const { event } = looks.told[0] ?? {};
    assert.ok(event?.type === "condition-raised");
    assert.equal(Date.parse(event.since), Date.parse(BASE.context.now) + SECOND);
  });

  it("is measured by a clock that nobody sets", () => {
    for (const by of [HOUR, -HOUR, 365 * DAY, -365 * DAY]) {
      const looks = new Looks().find(offline(9)).setsClock(by).find(offline(9));
      assert.deepEqual(looks.types(), [], String(by));
      assert.deepEqual(looks.stays(offline(9), 30 * SECOND).types(), ["raised"]);
      looks.find([]).setsClock(by).find([]);
      assert.deepEqual(looks.types(), ["raised"]);
      assert.deepEqual(looks.stays([], 30 * SECOND).types(), ["raised", "cleared"]);
    }
  });

  it("stays as it was told while nothing can be seen", () => {
    const looks = new Looks().stays(offline(9), MINUTE);
    for (let minute = 0; minute < 600; minute += 1) looks.find([], { later: MINUTE, unseen: true });
    assert.deepEqual(looks.types(), ["raised"]);
    assert.equal(looks.condition?.raised, true);
  });

  it("outlives a restart of this program, and is over only when that was seen anew", () => {
    const looks = new Looks().stays(offline(9), MINUTE).restarts().find([], { later: HOUR });
    assert.deepEqual(looks.types(), ["raised"]);
    assert.deepEqual(looks.stays([], MINUTE).types(), ["raised", "cleared"]);
  });

  it("to another extent is told when that has stood too: some are left, or nobody", () => {
    const looks = new Looks().stays(offline(9), MINUTE).stays(offline(0), 20 * SECOND);
    assert.deepEqual(looks.types(), ["raised"]);
    assert.equal(looks.condition?.extent?.online, 9);
    looks.stays(offline(0), 20 * SECOND);
    assert.deepEqual(looks.types(), ["raised", "changed"]);
    assert.equal(looks.condition?.extent?.online, 0);
  });
});

describe("what comes and goes", () => {
  /** A day in which something is found for a minute and not for the next. */
  const aDayOf = (one: readonly Finding[], other: readonly Finding[]): Looks => {
    const looks = new Looks();
    for (let minute = 0; minute < 1440; minute += 1) looks.stays(minute % 2 === 0 ? one : other, MINUTE, 5 * SECOND);
    return looks;
  };

  it("all day is told to come, to go, to be flapping, and then how often, once an hour", () => {
    const looks = aDayOf(offline(9), []);
    const [first, second, third, ...counts] = looks.types();
    assert.deepEqual([first, second, third], ["raised", "cleared", "flapping"]);
    assert.ok(counts.every((type) => type === "flapping"));
    assert.ok(counts.length <= 24, `${counts.length} counts`);
    assert.ok(looks.bytes() < 100_000, `${looks.bytes()} bytes`);
    assert.ok((looks.condition?.count ?? 0) > 600, "they were counted");
  });

  it("without ever being over for long enough is told to be flapping too, and then how often", () => {
    const looks = new Looks();
    for (let minute = 0; minute < 1440; minute += 1) {
      looks.stays(offline(9), 40 * SECOND, 5 * SECOND).stays([], 20 * SECOND, 5 * SECOND);
    }
    assert.deepEqual(looks.types().slice(0, 2), ["raised", "flapping"]);
    assert.ok(looks.types().every((type) => type !== "cleared"));
    assert.ok(looks.told.length <= 26, `${looks.told.length} events`);
    assert.ok((looks.condition?.count ?? 0) > 1200, "they were counted");
  });

  it("is not flapping for single looks that do not find it, nor for times far apart", () => {
    const glitches = new Looks().stays(offline(9), MINUTE);
    for (let time = 0; time < 100; time += 1) glitches.find([]).stays(offline(9), MINUTE);
    assert.deepEqual(glitches.types(), ["raised"]);
    const seldom = new Looks().stays(offline(9), MINUTE);
    for (let time = 0; time < 100; time += 1) seldom.stays([], 10 * SECOND).stays(offline(9), HOUR, MINUTE);
    assert.deepEqual(seldom.types(), ["raised"]);
  });

  it("between some and nobody, all day, is told some times an hour", () => {
    const looks = aDayOf(offline(1), offline(0));
    assert.ok(looks.told.length <= 1 + 12 * 13, `${looks.told.length} events`);
    assert.ok(looks.bytes() < 100_000, `${looks.bytes()} bytes`);
  });

  it("at every look tells nothing that has not stood", () => {
    const looks = new Looks();
    for (let second = 0; second < 7200; second += 1) looks.find(second % 2 === 0 ? offline(second % 10) : []);
    assert.deepEqual(looks.types(), []);
    const stands = new Looks().stays(offline(5), MINUTE);
    for (let second = 0; second < 7200; second += 1) stands.find(offline(second % 10));
    assert.deepEqual(stands.types(), ["raised"]);
  });

  it("and then stays is as bad as it is, also while it counts as flapping", () => {
    const looks = new Looks();
    for (let time = 0; time < 5; time += 1) looks.stays(offline(9), MINUTE).stays([], MINUTE);
    assert.equal(looks.condition?.flapping, true);
    looks.stays(offline(0), 2 * MINUTE);
    assert.equal(looks.condition?.extent?.online, 0);
  });

  it("and then stays for a while comes and goes no more: it is told as what it is, since then", () => {
    const looks = new Looks();
    for (let time = 0; time < 5; time += 1) looks.stays(offline(9), MINUTE).stays([], MINUTE);
    const from = Date.parse(BASE.context.now) + 10 * MINUTE;
    looks.stays(offline(0), POLICY.durations.calm - MINUTE);
    assert.equal(looks.condition?.flapping, true);
    looks.stays(offline(0), 2 * MINUTE);
    const { flapping, count, since, extent } = looks.condition ?? {};
    assert.deepEqual([flapping, count, extent], [false, 1, { online: 0, expected: 10 }]);
    assert.ok(Math.abs(Date.parse(since ?? "") - from) <= MINUTE, since);
    const told = looks.told.length;
    assert.equal(looks.stays(offline(0), DAY, MINUTE).told.length, told);
  });

  it("and then stays is told as what it is then, however often that has changed before", () => {
    const looks = new Looks();
    for (let time = 0; time < 5; time += 1) looks.stays(offline(9), MINUTE).stays([], MINUTE);
    for (let time = 0; time < 15; time += 1) looks.stays(offline(time % 2), MINUTE);
    assert.equal(looks.condition?.flapping, true);
    looks.stays(offline(5), POLICY.durations.calm, 10 * SECOND);
    assert.deepEqual([looks.condition?.flapping, looks.condition?.extent?.online], [false, 5]);
  });

  it("is not taken to stay while nothing can be seen", () => {
    const looks = new Looks();
    for (let time = 0; time < 5; time += 1) looks.stays(offline(9), MINUTE).stays([], MINUTE);
    looks.find(offline(9)).stays([], 2 * HOUR, MINUTE);
    assert.equal(looks.condition?.raised, false);
    const hidden = new Looks();
    for (let time = 0; time < 5; time += 1) hidden.stays(offline(9), MINUTE).stays([], MINUTE);
    hidden.find(offline(9));
    for (let minute = 0; minute < 120; minute += 1) hidden.find([], { later: MINUTE, unseen: true });
    hidden.stays(offline(9), MINUTE);
    assert.equal(hidden.condition?.flapping, true);
  });

  it("and then is well for a while is over", () => {
    const looks = new Looks();
    for (let time = 0; time < 5; time += 1) looks.stays(offline(9), MINUTE).stays([], MINUTE);
    looks.stays([], 15 * MINUTE);
    assert.equal(looks.condition?.raised, false);
    assert.equal(looks.types().at(-1), "cleared");
  });
});

describe("what guests say of themselves", () => {
  const claims = [
    ...LINKS.flatMap((link) => (link === "ok" ? [] : [linkCode(link)])),
    ...REASONS.flatMap((reason) => (reason === "none" ? [] : [guestCode(reason)])),
  ].map(
    (code): Finding => ({ subject: { kind: "site", site: zone("beta") }, code, detail: "", vmIds: [], extent: null }),
  );

  it("is told a dozen times at once for each site, and what still stands one by one, each in ten minutes", () => {
    const looks = new Looks().stays(claims, MINUTE, 10 * SECOND);
    assert.equal(looks.told.length, 12);
    looks.stays(claims, 10 * MINUTE, 10 * SECOND);
    assert.equal(looks.told.length, 13);
    assert.ok(claims.length > 13);
    looks.stays(claims, 6 * HOUR, 10 * SECOND);
    assert.equal(looks.told.length, claims.length);
  });

  it("is told as often all day, whatever it says", () => {
    const looks = new Looks();
    for (let minute = 0; minute < 1440; minute += 1) {
      looks.stays(minute % 2 === 0 ? claims : [], MINUTE, 10 * SECOND);
    }
    const raised = looks.types().filter((type) => type !== "cleared");
    assert.ok(raised.length <= 12 * 13, `${raised.length} tellings`);
  });

  it("holds nothing back that is seen from outside", () => {
    const looks = new Looks().stays([...claims, ...offline(0)], 2 * MINUTE);
    assert.equal(looks.condition?.raised, true);
  });
});

const MAY_FOLLOW: ReadonlyMap<string, readonly string[]> = new Map([
  ["raised", ["cleared", "flapping"]],
  ["changed", ["raised", "flapping"]],
  ["cleared", ["raised", "flapping"]],
  ["flapping", ["raised", "cleared", "flapping"]],
]);
/** Of one condition, in any hour. */
const MOST_IN_AN_HOUR = 40;

describe("whatever is found at whatever moments", () => {
  const step = fc.record({
    online: fc.option(fc.integer({ min: 0, max: 9 })),
    unseen: fc.boolean(),
    later: fc.constantFrom(SECOND, 15 * SECOND, 31 * SECOND, MINUTE, 10 * MINUTE, 16 * MINUTE),
    times: fc.integer({ min: 1, max: 12 }),
  });
  const lived = (steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]): Looks => {
    const looks = new Looks();
    for (const { online, unseen, later, times } of steps) {
      for (let time = 0; time < times; time += 1) looks.find(offline(online), { later, unseen });
    }
    return looks;
  };

  it("no more than a few things are told of one condition in any hour", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { told } = lived(steps);
        for (const { at } of told) {
          const within = told.filter((one) => one.at >= at && one.at < at + HOUR);
          assert.ok(within.length <= MOST_IN_AN_HOUR, `${within.length} in an hour`);
        }
      }),
    );
  });

  it("in the end what is told is what has stood", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.option(fc.integer({ min: 0, max: 9 })), (steps, last) => {
        const { condition } = lived(steps).stays(offline(last), 2 * HOUR, 10 * SECOND);
        assert.equal(condition?.raised ?? false, last !== null);
        if (last !== null) assert.equal(condition?.extent?.online, last);
      }),
    );
  });

  it("what is told is raised before it is changed or cleared, and raised again only when it kept coming and going", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let standing = "cleared";
        for (const type of lived(steps).types()) {
          assert.ok(MAY_FOLLOW.get(type)?.includes(standing), `${type} after ${standing}`);
          if (type !== "changed") standing = type;
        }
      }),
    );
  });
});

describe("ten SuperNodes", () => {
  it("whose SuperLink is cut once are told of in a few events, not in one for each", () => {
    const story = aFederation({ zones: ["alpha", "beta"], superNodes: 10 }).running();
    const { length } = story.recorded;
    for (const nth of story.vms("beta").keys()) story.says("beta", { FL_LINK: "unreachable" }, nth);
    story.sees("offline").watchesAll(60);
    assert.equal(story.status("beta"), "down");
    assert.deepEqual(story.typesSince(length), ["condition-raised", "condition-raised"]);
    for (const nth of story.vms("beta").keys()) story.says("beta", { FL_LINK: "ok" }, nth);
    story.sees("online").watchesAll(60);
    assert.equal(story.status("beta"), "up");
    assert.equal(story.recorded.length - length, 4);
  });
});
