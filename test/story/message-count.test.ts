/** How much a whole story says: few messages, each new, counted from where they stand in Slack. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, type SandboxZonesFile, zoneChannel } from "../../sandbox/zones-file.ts";
import { receiptsOf, untilJournal } from "../faults/data-directory.ts";
import { until } from "../waiting.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const MOST_REPLIES = 15;
const MOST_IN_A_ZONE = 4;

/** What is slow for a moment on a busy machine is nothing to be told: nothing goes wrong in this story. */
const patient = ({ policy, ...usual }: SandboxZonesFile): object => ({
  ...usual,
  policy: { ...policy, conditions: { ...policy.conditions, raise: "1 min" } },
});

describe("The whole story of a coordinator and three training sites", () => {
  let sandbox: Sandbox;
  let story: FederationStory;
  /** Keys of what stands in each channel, files that hang under a message left out. */
  const keys = new Map<string, readonly string[]>();

  before(async () => {
    sandbox = await startStory({ zones: 4, speed: 20, seed: "count", portBase: 0, configure: patient });
    const stage = new Stage(sandbox);
    story = new FederationStory(stage, {
      name: "counted",
      coordinator: "zone-a",
      training: ["zone-b", "zone-c", "zone-d"],
    });
    await story.askAndApprove();
    for (const zone of story.wish.training) await story.isUp(zone);
    await story.says("ready for runs");
    await stage.requester.type(homeChannel, `teardown ${story.name}`);
    for (const zone of [...story.wish.training, story.wish.coordinator]) {
      await story.press(zone, "Tear down here");
    }
    await story.says("Nothing of it runs any more.");
    await untilJournal(sandbox, story.name, "the CA's end", (events) =>
      events.some(({ type }) => type === "authority-destroyed"),
    );
    const { posted } = await until(
      "a receipt of every message at home",
      async () => ({ ...(await receiptsOf(sandbox, story.name)), shown: (await story.thread()).length }),
      (seen) => seen.posted.filter(({ channel }) => channel === homeChannel).length === seen.shown,
    );
    for (const channel of [homeChannel, ...story.zones.map(zoneChannel)]) {
      keys.set(
        channel,
        posted.flatMap((receipt) => (receipt.channel === channel ? [receipt.key] : [])),
      );
    }
  });
  after(() => sandbox.stop());

  const messagesIn = (channel: string): readonly string[] =>
    (keys.get(channel) ?? []).filter((key) => !key.startsWith("trust-file/"));

  it(`has at most ${MOST_REPLIES} replies in the home thread, the CA's file among them`, async (context) => {
    const replies = (keys.get(homeChannel) ?? []).filter((key) => key !== "card");
    context.diagnostic(`home thread: ${replies.length} replies`);
    for (const { text } of (await story.thread()).slice(1)) context.diagnostic(`  ${text.split("\n")[0]}`);
    assert.ok(replies.length <= MOST_REPLIES, replies.join(", "));
  });

  it(`has at most ${MOST_IN_A_ZONE} messages in each zone's channel, beside the CA's file under one of them`, (context) => {
    for (const zone of story.zones) {
      const messages = messagesIn(zoneChannel(zone));
      context.diagnostic(`${zone}: ${messages.length} messages: ${messages.join(", ")}`);
      assert.ok(messages.length <= MOST_IN_A_ZONE, messages.join(", "));
    }
  });

  it("says nothing twice", async () => {
    for (const messages of [
      await story.thread(),
      ...(await Promise.all(story.zones.map((zone) => story.inZone(zone)))),
    ]) {
      const texts = messages.map(({ text }) => text).filter((text) => text !== "");
      assert.deepEqual(texts.toSorted(), [...new Set(texts)].toSorted());
    }
  });
});
