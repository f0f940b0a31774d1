/** Slack's Web API that refuses, breaks, hangs or loses answers for a while: nothing is lost, nothing is said twice. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel } from "../../sandbox/zones-file.ts";
import { FederationStory } from "../story/federation-story.ts";
import { startStory } from "../story/story-sandbox.ts";
import { until } from "../waiting.ts";
import { journalOf, receiptsOf } from "./data-directory.ts";

type Failure = NonNullable<Parameters<Stage["slack"]["settings"]>[0]["fail"]>;

describe("While Slack is in trouble", () => {
  let sandbox: Sandbox;
  let stage: Stage;

  before(async () => {
    sandbox = await startStory({ zones: 2, speed: 20, seed: "slack-trouble", portBase: 0 });
    stage = new Stage(sandbox);
  });
  after(() => sandbox.stop());

  const POSTING = ["chat.postMessage", "chat.update", "files.getUploadURLExternal", "upload"];
  const KINDS: readonly (readonly [how: Failure["how"], what: string, methods: readonly string[], times: number])[] = [
    ["429", "asks to slow down", POSTING, 2],
    ["500", "answers that it is broken", POSTING, 3],
    ["hang", "does not answer", ["chat.postMessage"], 1],
  ];
  for (const [how, what, methods, times] of KINDS) {
    it(`the story goes on and every message comes once when Slack ${what}`, async () => {
      const story = new FederationStory(stage, { name: `trial-${how}`, coordinator: "zone-a", training: ["zone-b"] });
      for (const method of methods) await stage.slack.settings({ fail: { method, times, how } });
      await story.askAndApprove();
      await story.isUp("zone-b");
      await story.says("ready for runs");
      await assertSaidOnce(story);
    });
  }

  it("people are told in the modal or privately when their gesture could not be carried out", async () => {
    await stage.slack.settings({ fail: { method: "views.open", how: "500" } });
    await stage.requester.type(homeChannel, "deploy-site");
    assert.match((await stage.requester.told("went wrong")).text, /try again/);
  });

  it("a bot that is ended and started again in the middle says nothing twice and goes on", async () => {
    const story = new FederationStory(stage, { name: "restarted", coordinator: "zone-a", training: ["zone-b"] });
    await story.ask();
    await sandbox.restartBot();
    await story.press("zone-b", "Approve");
    await sandbox.restartBot();
    await story.press("zone-a", "Approve");
    await story.says("Hospital A (zone-a)", "is being deployed");
    await sandbox.restartBot();
    await story.says("BEGIN CERTIFICATE");
    await sandbox.restartBot();
    await story.isUp("zone-b");
    await story.says("ready for runs");
    await assertSaidOnce(story);
    const created = (await journalOf(sandbox, "restarted")).filter(({ type }) => type === "deployment-created");
    assert.deepEqual(created.map(({ site }) => site).sort(), ["zone-a", "zone-b"]);
  });

  /** No text stands twice about the federation in any channel, and no message was given up. */
  async function assertSaidOnce(story: FederationStory): Promise<void> {
    await until("the certificate's file shared", async () => {
      const { posted } = await receiptsOf(sandbox, story.name);
      return posted.filter(({ key }) => key.startsWith("trust-file/")).length === 1;
    });
    const messages = [await story.thread(), ...(await Promise.all(story.zones.map((zone) => story.inZone(zone))))];
    for (const channel of messages) {
      // What holds a file has no text of its own.
      const texts = channel.map(({ text }) => text).filter((text) => text !== "");
      assert.deepEqual(texts.toSorted(), [...new Set(texts)].toSorted());
    }
    assert.deepEqual((await receiptsOf(sandbox, story.name)).givenUp, []);
  }
});
