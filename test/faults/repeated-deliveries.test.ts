/**
 * Deliveries that come more than once: Slack delivers again what it believes was not received, and what a broken
 * connection may have lost. Nothing is decided, done or said twice, and nothing is lost.
 */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { SlackControl } from "../../sandbox/slack/client.ts";
import { type Ending, tellDecidedStory } from "./decided-story.ts";

type Disturbance = NonNullable<Parameters<SlackControl["settings"]>[0]["disturb"]>;

/** What happens to the connection that carries a delivery. */
const DISTURBANCES: readonly Disturbance[] = [
  { when: "before-delivery", how: "cut" },
  { when: "after-delivery", how: "cut" },
  { when: "ack-lost", how: "cut" },
  { when: "after-ack", how: "cut" },
  { when: "after-delivery", how: "refresh" },
];
/** More than there are deliveries in the story. */
const MANY = 100;

const everything = async (slack: SlackControl): Promise<void> => slack.settings({ twice: true });

/** Every delivery meets one of them, the first one the one of that number. */
const disturbedFrom =
  (first: number) =>
  async (slack: SlackControl): Promise<void> => {
    for (let nth = first; nth < MANY; nth += 1) {
      const disturb = DISTURBANCES[nth % DISTURBANCES.length];
      if (disturb !== undefined) await slack.settings({ disturb });
    }
  };

const ALL = [
  ["everything is delivered twice in Socket Mode", () => tellDecidedStory("socket", everything)],
  ["the connection breaks or is replaced with every delivery", () => tellDecidedStory("socket", disturbedFrom(0))],
  ["everything is delivered twice over HTTP", () => tellDecidedStory("http", everything)],
  ["it breaks with every delivery in another way", () => tellDecidedStory("socket", disturbedFrom(2))],
] as const;

describe("The story of a federation has one end", () => {
  let usual: Ending;

  before(async () => {
    usual = await tellDecidedStory("socket");
  });

  for (const [when, tell] of ALL) {
    it(`when ${when}: nothing is decided, done or said twice, and nothing is lost`, async () => {
      const ending = await tell();
      assert.deepEqual(ending.events, usual.events);
      assert.deepEqual(ending.repeated, {});
      assert.deepEqual(ending.privately, usual.privately);
      assert.deepEqual(ending.zones, usual.zones);
    });
  }
});
