/** From looks at zones to messages in Slack, by clocks that the test sets: what keeps coming and going is told seldom. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { admittedKeys } from "../../src/federation/running/admission.ts";
import { encode } from "../../src/store/state-codec.ts";
import {
  aDecisionContext,
  aZone,
  channelOf,
  HOME_CHANNEL,
  MINUTE,
  POLICY,
  SECOND,
  sitesOf,
  zoneNames,
} from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { times } from "../thoroughness.ts";
import { ONE, OutboxStage, reply, TWO } from "./outbox/outbox-stage.ts";
import { wanted } from "./reading.ts";

/** A federation whose zones are looked at, and a Slack that shows what follows. */
class Watching {
  readonly stage = new OutboxStage();
  readonly story: Story;
  #published = 0;
  readonly #said: ReturnType<typeof reply>[] = [];

  constructor(story: Story) {
    this.story = story;
  }

  /** So long, with a look at every zone each few seconds. */
  async passes(milliseconds: number, every: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += every) {
      this.story.passes(every - SECOND).observesAll();
      await this.publishes();
      await this.stage.clock.passes(every);
    }
  }

  async publishes(): Promise<void> {
    if (this.#published === this.story.recorded.length) return;
    this.#published = this.story.recorded.length;
    this.stage.want(ONE, wanted(this.story));
  }

  texts(channel: string): readonly string[] {
    return this.stage.slack.texts(channel);
  }

  /** Another federation has something to say; false if it does not stand two seconds later. */
  async saysInTime(channel: ReturnType<typeof channelOf>): Promise<boolean> {
    const text = `word ${this.#said.length} of another federation`;
    this.#said.push(reply(text, text, { channel }));
    this.stage.want(TWO, [...this.#said]);
    await this.stage.clock.passes(2 * SECOND);
    return this.texts(channel).includes(text);
  }
}

describe("A day in which a SuperNode's link goes down and comes back each minute", () => {
  for (const [how, down] of [
    ["for half of it", 30 * SECOND],
    ["for most of it", 50 * SECOND],
  ] as const) {
    it(`${how}, is three messages in the thread and three in the zone's channel, with a count, and holds nobody up`, async () => {
      const { watching, late, told } = await aDay(down);
      assert.equal(late, 0, `${late} words of another federation came late`);
      assert.ok(Math.max(...told) <= 3, `${told.join(" and ")} messages`);
      const [card] = wanted(watching.story);
      assert.match(JSON.stringify(card), /"text":" Since "},{"type":"date"/);
      assert.match(JSON.stringify(card), /, \d{3,4} times, keeps coming and going/);
      assert.match(JSON.stringify(card), /Unsteady: at times only 1 of 2 SuperNodes online/);
      assert.doesNotMatch(JSON.stringify(card), /Degraded/);
    });
  }

  it("for a moment, is nothing that anybody is told", async () => {
    const { late, told } = await aDay(10 * SECOND);
    assert.deepEqual([late, told], [0, [0, 0]]);
  });
});

/** Those of a day; in a quick run the first of them, for which the same holds. */
const MINUTES = times(24 * 60);
const CHANNELS = [HOME_CHANNEL, channelOf("beta")];

/** How many words of another federation came later than two seconds, and how many messages there were of this one. */
async function aDay(down: number) {
  const story = aFederation({ superNodes: 2 }).running();
  const watching = new Watching(story);
  await watching.publishes();
  await watching.stage.idle();
  const [key] = admittedKeys(story.federation).filter(({ site }) => site === "beta");
  assert.ok(key !== undefined);
  const ownIn = (channel: string) => watching.texts(channel).filter((text) => !text.includes("another federation"));
  const before = CHANNELS.map((channel) => ownIn(channel).length);
  const [stateBefore, from] = [sizeOf(story), story.recorded.length];
  let late = 0;
  for (let minute = 0; minute < MINUTES; minute += 1) {
    story.says("beta", { FL_LINK: "unreachable", FL_REASON: "link-down" }).sees("online", { [key.key]: "offline" });
    await watching.passes(down, 10 * SECOND);
    for (const channel of minute % 15 === 0 ? CHANNELS : []) if (!(await watching.saysInTime(channel))) late += 1;
    story.says("beta", { FL_LINK: "ok", FL_REASON: "none" }).sees("online");
    // What seems to end is looked at sooner.
    await watching.passes(MINUTE - down, 5 * SECOND);
  }
  const journal = JSON.stringify(story.recorded.slice(from)).length;
  assert.ok(journal < MOST_BYTES, `${journal} bytes in the journal`);
  assert.ok(sizeOf(story) - stateBefore < MOST_BYTES, `${sizeOf(story) - stateBefore} bytes in memory`);
  return { watching, late, told: CHANNELS.map((channel, nth) => ownIn(channel).length - (before[nth] ?? 0)) };
}

const MOST_BYTES = 100_000;

const sizeOf = ({ federation }: Story): number => JSON.stringify(encode(federation)).length;

describe("Three sites of ten SuperNodes whose SuperLink is off the network once", () => {
  const SITES = ["beta", "gamma", "delta"];
  const LATE = 10 * SECOND;

  it("are two replies each, told within ten seconds of what the policy lets stand first, whatever each SuperNode does when", async () => {
    const zones = sitesOf(zoneNames(4).map((name) => aZone(name)));
    const story = aFederation({
      zones: ["alpha", ...SITES],
      superNodes: 10,
      context: aDecisionContext({ sites: zones }),
    }).running();
    const watching = new Watching(story);
    await watching.publishes();
    await watching.stage.idle();
    const before = watching.texts(HOME_CHANNEL).length;
    const keys = admittedKeys(story.federation).map(({ key }) => key);

    // One after the other is seen to be gone, in no order.
    const gone = new Set<string>();
    for (const [nth, key] of keys.toSorted().entries()) {
      gone.add(key);
      const site = SITES[nth % SITES.length] ?? "";
      story.says(site, { FL_LINK: "unreachable", FL_REASON: "link-down" }, Math.floor(nth / SITES.length));
      story.sees("online", Object.fromEntries([...gone].map((one) => [one, "offline"])));
      await watching.passes(SECOND, SECOND);
    }
    await watching.passes(POLICY.durations.raise + LATE, SECOND);
    for (const site of SITES) {
      assert.ok(
        watching.texts(HOME_CHANNEL).some((text) => text.includes(`(${site})* is down: 0 of 10 SuperNodes`)),
        watching.texts(HOME_CHANNEL).join("\n"),
      );
    }
    for (const [nth, key] of keys.toSorted().entries()) {
      gone.delete(key);
      const site = SITES[nth % SITES.length] ?? "";
      story.says(site, { FL_LINK: "ok", FL_REASON: "none" }, Math.floor(nth / SITES.length));
      story.sees("online", Object.fromEntries([...gone].map((one) => [one, "offline"])));
      await watching.passes(SECOND, SECOND);
    }
    await watching.passes(POLICY.durations.clear + LATE, SECOND);
    const told = watching.texts(HOME_CHANNEL).slice(before);
    for (const site of SITES) {
      const about = told.filter((text) => text.includes(`(${site})`));
      assert.equal(about.length, 2, about.join("\n"));
      assert.match(about[1] ?? "", /is up again: 10 of 10 SuperNodes online/);
    }
  });
});
