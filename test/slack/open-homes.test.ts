/** When opened homes are drawn and published, told by a clock that the test sets. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { federationId, type Person, person } from "../../src/federation/model/identity.ts";
import { MOST_HOMES, OpenHomes } from "../../src/slack/open-homes.ts";
import { QUIET } from "../builders/memory-log.ts";
import { ManualClock } from "./outbox/manual-clock.ts";

const HEARTS = federationId.parse("fhearts00000");
const LUNGS = federationId.parse("flungs000000");
const someone = (user: string): Person => person.parse({ team: "THOST", user });
const PACE = { coalescing: 2000, retry: 1000 };
const HOUR = 3_600_000;

function stage(fails: () => Error | null = () => null) {
  const clock = new ManualClock();
  const drawn: string[] = [];
  const published: string[] = [];
  let words = "as it was";
  const homes = new OpenHomes({
    draw: ({ user }) => {
      drawn.push(user);
      const blocks = [{ type: "section" as const, text: { type: "plain_text" as const, text: words } }];
      return Promise.resolve({ view: { type: "home", blocks }, federations: new Set([HEARTS]) });
    },
    mayConcern: () => false,
    publish: ({ user }) => {
      const failure = fails();
      if (failure !== null) return Promise.reject(failure);
      published.push(user);
      return Promise.resolve();
    },
    pace: PACE,
    clock,
    log: QUIET,
  });
  const says = (text: string) => {
    words = text;
  };
  return { clock, homes, drawn, published, says };
}

suite("Opened homes", () => {
  test("are drawn at once when they are opened, one after the other", async () => {
    const { clock, homes, published } = stage();
    homes.open(someone("UONE"));
    homes.open(someone("UTWO"));
    await clock.passes(0);
    assert.deepEqual(published, ["UONE", "UTWO"]);
  });

  test("take up many changes at a time, and only changes of what they tell of", async () => {
    const { clock, homes, drawn, published, says } = stage();
    homes.open(someone("UONE"));
    await clock.passes(PACE.coalescing);
    homes.changed(LUNGS);
    await clock.passes(HOUR / 2);
    assert.equal(drawn.length, 1);
    says("as it is");
    for (let nth = 0; nth < 100; nth += 1) homes.changed(HEARTS);
    await clock.passes(PACE.coalescing);
    assert.deepEqual([drawn.length, published.length], [2, 2]);
    homes.changed(LUNGS, { isNew: true });
    await clock.passes(PACE.coalescing);
    assert.deepEqual([drawn.length, published.length], [3, 2], "what is as before is not published");
  });

  test("are drawn one in a while, however many change", async () => {
    const { clock, homes, published, says } = stage();
    for (let nth = 0; nth < 10; nth += 1) homes.open(someone(`U0${nth}`));
    await clock.passes(PACE.coalescing);
    says("as it is");
    homes.changed(HEARTS);
    await clock.passes(PACE.coalescing);
    assert.equal(published.length, 11);
    await clock.passes(9 * PACE.coalescing);
    assert.equal(published.length, 20);
  });

  test("are forgotten after an hour, and the oldest when there are too many", async () => {
    const { clock, homes, drawn } = stage();
    for (let nth = 0; nth <= MOST_HOMES; nth += 1) homes.open(someone(`U${100 + nth}`));
    await clock.passes(PACE.coalescing);
    drawn.length = 0;
    homes.changed(HEARTS);
    await clock.passes(2 * MOST_HOMES * PACE.coalescing);
    assert.equal(drawn.length, MOST_HOMES);
    assert.ok(!drawn.includes("U100"));
    await clock.passes(HOUR);
    drawn.length = 0;
    homes.changed(HEARTS);
    await clock.passes(HOUR);
    assert.deepEqual(drawn, []);
  });

  test("are tried again while Slack is away, and no more than a few times", async () => {
    let left = 2;
    const away = new Error("away");
    const soon = stage(() => {
      left -= 1;
      return left >= 0 ? away : null;
    });
    soon.homes.open(someone("UONE"));
    await soon.clock.passes(60_000);
    assert.deepEqual(soon.published, ["UONE"]);
    const never = stage(() => away);
    never.homes.open(someone("UONE"));
    await never.clock.passes(HOUR / 2);
    assert.equal(never.drawn.length, 5);
  });
});
