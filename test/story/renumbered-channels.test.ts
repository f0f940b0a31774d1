/** Slack gives channels other ids, for good, while a federation is under way and while the bot is started anew. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { startStory } from "./story-sandbox.ts";

const NEW = "C0SHAREDB1";

describe("A zone's channel that has another id", () => {
  let sandbox: Sandbox;
  let stage: Stage;

  before(async () => {
    sandbox = await startStory({ zones: 2, speed: 20, seed: "renumbered", portBase: 0 });
    stage = new Stage(sandbox);
    await stage.askFor({ name: "moved-study", coordinator: "zone-a", training: ["zone-b"] });
    await stage.reads(zoneChannel("zone-b"), "asks to run");
    await stage.slack.settings({ channelId: { from: zoneChannel("zone-b"), to: NEW } });
    await stage.reads(homeChannel, "zones.yml, line");
  });
  after(() => sandbox.stop());

  const cards = async () =>
    (await stage.slack.channel(NEW)).messages.filter(({ text }) => text.includes("moved-study"));

  for (const [when, change] of [
    ["while the zones file still has the old one", async () => {}],
    ["when the operator has written the new one", mendZonesFile],
  ] as const) {
    it(`keeps its card ${when}, over a restart`, async () => {
      await change();
      await sandbox.restartBot();
      const button = (await cards())[0]?.buttons.some(({ text }) => text === "Approve")
        ? "Approve"
        : "Withdraw my approval";
      await stage.owner("zone-b").press(NEW, button, "moved-study");
      const after = button === "Approve" ? "Withdraw my approval" : "Adjust and approve";
      await stage.slack.until("the card to follow", async () =>
        (await cards())[0]?.buttons.some(({ text }) => text === after) ? true : undefined,
      );
      assert.equal((await cards()).length, 1);
    });
  }

  async function mendZonesFile(): Promise<void> {
    const file = join(sandbox.directory, "zones.yml");
    await writeFile(file, (await readFile(file, "utf8")).replaceAll(zoneChannel("zone-b"), NEW));
  }
});
