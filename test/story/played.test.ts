/** The main job through the whole app, as `--play --record` writes it: what people are shown, from few zones to many. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { checkMessageBlocks } from "../../sandbox/slack/block-kit/check.ts";
import { playStory } from "../../sandbox/story/story.ts";
import { homeChannel, type SandboxZonesFile, zoneChannel, zoneOwner } from "../../sandbox/zones-file.ts";
import { receiptsOf } from "../faults/data-directory.ts";
import { leftOut } from "../sandbox/slack/python.ts";
import { complaintsOfSdk } from "../sandbox/slack/sdk-models.ts";
import { type Shown, shownIn } from "./exchanges.ts";
import { playedWhole } from "./plays.ts";
import { startStory } from "./story-sandbox.ts";

/** The stand-in for zones has no more. */
const MOST_ZONES = 26;
const SPEED = 100;
/** Characters of a fallback text. */
const MOST_FALLBACK = 4000;
const NOTHING_REFUSED: ReadonlySet<string> = new Set();

/** What is slow for a moment on a busy machine is nothing to be told; what the play does to a SuperNode stays so. */
const patient = ({ policy, ...usual }: SandboxZonesFile): object => ({
  ...usual,
  policy: { ...policy, conditions: { ...policy.conditions, raise: "5 s" } },
});

/** What a zone's two owners are to act on, by words that only that message has. */
const asksOf = (zone: string, all: readonly string[]): readonly string[] => {
  const coordinator = all[0] ?? "";
  const newcomer = all.at(-1) ?? "";
  const ends = ": tear down federation";
  if (zone === coordinator) return ["asks to run", "asks that", ends];
  return zone === newcomer ? ["asks to run", ends] : ["asks to run", "joins federation", ends];
};

const skip = await leftOut();

for (const zones of [3, 8, MOST_ZONES]) {
  describe(`The main job played with ${zones} zones`, () => {
    const folder = mkdtempSync(join(tmpdir(), "florist-played-"));
    const record = join(folder, "record.jsonl");
    let names: readonly string[] = [];
    let shown: readonly Shown[] = [];
    /** What the bot knows that it posted: where Slack's answer comes too late it posts again. */
    let posts: readonly Shown[] = [];

    before(async () => {
      const sandbox = await startStory({
        here: false,
        zones,
        speed: SPEED,
        seed: "played",
        portBase: 0,
        record,
        configure: patient,
      });
      names = sandbox.zoneNames;
      try {
        await playedWhole((print) => playStory(sandbox, print));
        shown = await shownIn(record);
        const { posted } = await receiptsOf(sandbox, "spring-trial");
        const known = new Set(posted.map(({ channel, ts }) => `${channel} ${ts}`));
        posts = shown.filter(
          ({ method, channel, ts }) => method === "chat.postMessage" && known.has(`${channel} ${ts}`),
        );
      } finally {
        await sandbox.stop();
      }
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    it("shows nothing that Slack would not take", () => {
      assert.ok(posts.length > 0);
      for (const { method, text, blocks, view } of shown) {
        if (view !== undefined) continue;
        assert.ok(text.length > 0 && text.length <= MOST_FALLBACK, `${method}: ${text.length} characters`);
        const checked = checkMessageBlocks(blocks ?? [], NOTHING_REFUSED);
        assert.ok(checked.ok, `${method}: ${text.slice(0, 80)}: ${JSON.stringify(checked)}`);
      }
    });

    it("shows nothing that the models of Slack's SDK refuse", { skip }, async () => {
      const sent = shown.flatMap(({ blocks, view }) => [
        ...(blocks === undefined ? [] : [{ blocks }]),
        ...(view === undefined ? [] : [{ view }]),
      ]);
      assert.deepEqual(await complaintsOfSdk(sent), []);
    });

    it("tells nobody the same thing twice", (context) => {
      const home = posts.filter(({ channel, inThread }) => channel === homeChannel && inThread);
      const perZone = names.map((name) => posts.filter(({ channel }) => channel === zoneChannel(name)).length);
      context.diagnostic(
        `${home.length} replies at home, at most ${Math.max(...perZone)} messages in a zone's channel`,
      );
      const texts = posts.map(({ channel, text }) => `${channel} ${text}`);
      assert.deepEqual(
        texts.filter((text, nth) => texts.indexOf(text) !== nth),
        [],
      );
    });

    it("mentions both owners of a zone once for each thing that they are to act on, and in their own channel", () => {
      for (const name of names) {
        const mentions = [zoneOwner(name, 1), zoneOwner(name, 2)].map((owner) => `<@${owner}>`);
        for (const words of asksOf(name, names)) {
          const asking = posts.filter(({ text }) => text.includes(words) && mentions.some((one) => text.includes(one)));
          assert.deepEqual(
            asking.map(({ channel }) => channel),
            [zoneChannel(name)],
            `${name}, ${words}: ${asking.map(({ text }) => text).join("\n")}`,
          );
          for (const mention of mentions) assert.equal(asking[0]?.text.split(mention).length, 2, `${name}, ${words}`);
        }
      }
    });
  });
}
