/** Zones that cannot be looked at for a while, and one that is gone for good. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parse, stringify } from "yaml";
import { z } from "zod";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel } from "../../sandbox/zones-file.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const COORDINATOR = "zone-a";
const AWAY = "zone-b";
const LEAVING = "zone-c";

const zonesFile = z.looseObject({ zones: z.record(z.string(), z.unknown()) });

describe("A zone that cannot be looked at", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;

  before(async () => {
    sandbox = await startStory({ zones: 3, speed: 20, seed: "away", portBase: 0 });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: "long-lived", coordinator: COORDINATOR, training: [AWAY, LEAVING] });
    await story.askAndApprove();
    for (const zone of story.wish.training) await story.isUp(zone);
    await story.says("ready for runs");
  });
  after(() => sandbox.stop());

  const timesSaid = async (...words: readonly string[]): Promise<number> =>
    (await story.thread()).filter(({ text }) => words.every((word) => text.includes(word))).length;

  it("is told once, and its site is shown as unknown instead of up", async () => {
    await stage.zones.command(AWAY, { do: "down" });
    await story.says(`(${AWAY})`, "has not answered since", "what is shown is from then");
    await story.says("Running: 1 of 2 training sites up, nothing is known of 1 now.");
    await story.zoneReads(AWAY, "@owner-b", "has not answered since", "check that its endpoints are up");
  });

  it("is not told again by a bot that is started meanwhile", async () => {
    await sandbox.restartBot();
    await stage.requester.type(homeChannel, `status ${story.name}`);
    const status = await stage.requester.told(story.name);
    assert.match(status.text, /Hospital B \(zone-b\).*Known from before: 2 of 2 SuperNodes online/);
    assert.equal(await timesSaid(`(${AWAY})`, "has not answered since"), 1);
  });

  it("is told once more when it can be looked at again", async () => {
    await stage.zones.command(AWAY, { do: "up" });
    await story.says(`(${AWAY})`, "can be looked at again.");
    await story.says("Running: 2 of 2 training sites up.");
    assert.equal(await timesSaid(`(${AWAY})`, "can be looked at again."), 1);
    await story.says(`(${AWAY})`, "could not be looked at from");
    assert.equal(await timesSaid(`(${AWAY})`, "has not answered since"), 0);
  });

  it("makes everything unknown when it is the coordinator's, whose SuperLink says who is online", async () => {
    await stage.zones.command(COORDINATOR, { do: "down" });
    await story.says("Running: 0 of 2 training sites up, nothing is known of 2 now.");
    await story.says("The coordinator's zone cannot be looked at. Known from before: 2 of 2 SuperNodes online.");
    assert.equal(await timesSaid("is down"), 0);
    await stage.zones.command(COORDINATOR, { do: "up" });
    await story.says("Running: 2 of 2 training sites up.");
  });

  it("is told with what the bot's operator can do when it has left the zones file", async () => {
    await restartWith(({ zones: { [LEAVING]: _left, ...zones }, ...rest }) => ({ ...rest, zones }));
    await story.says(LEAVING, "The zone is not in the zones file any more", "The bot's operator: put it back");
    await story.says("Running: 1 of 2 training sites up, nothing is known of 1 now.");
    assert.equal(await timesSaid(LEAVING, "The bot's operator: put it back"), 1);
    const log = await readFile(join(sandbox.directory, "bot.log"), "utf8");
    assert.match(
      log,
      /A federation has something running in zone-\w, which is not in the zones file. Put the zone back/,
    );
  });

  it("is written off by the operator's word in the zones file, and is no part of the federation any more", async () => {
    await restartWith((file) => ({ ...file, writtenOff: [LEAVING] }));
    await story.says("The bot's operator has written", LEAVING, "off: its zone is gone.");
    await story.says("Running: 1 of 1 training site up.");
    await sandbox.restartBot();
    await story.says("Running: 1 of 1 training site up.");
    assert.equal(await timesSaid("The bot's operator has written"), 1, "once, however often the bot is started");
  });

  it("is not waited for when the federation is torn down", async () => {
    await stage.requester.type(homeChannel, `teardown ${story.name}`);
    for (const zone of [AWAY, COORDINATOR]) await story.press(zone, "Tear down here");
    await story.says("The federation is torn down. Nothing of it runs any more.");
    for (const zone of [COORDINATOR, AWAY]) assert.equal(await stage.runningVms(zone), 0);
  });

  async function restartWith(change: (file: z.infer<typeof zonesFile>) => object): Promise<void> {
    await sandbox.bot.stop();
    const path = join(sandbox.directory, "zones.yml");
    await writeFile(path, stringify(change(zonesFile.parse(parse(await readFile(path, "utf8"))))));
    await sandbox.restartBot();
  }
});
