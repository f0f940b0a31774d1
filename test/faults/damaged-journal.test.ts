/** One federation's journal is damaged on disk: the bot starts, the others go on, and people read what is wrong. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel } from "../../sandbox/zones-file.ts";
import { FederationStory } from "../story/federation-story.ts";
import { startStory } from "../story/story-sandbox.ts";
import { idOf } from "./data-directory.ts";

const UNREADABLE = "The bot cannot read its records of this federation. Ask the bot's operator";

describe("A bot that finds a damaged journal", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let sound: FederationStory;
  let damaged: FederationStory;
  let id: string;

  before(async () => {
    sandbox = await startStory({ zones: 3, speed: 20, seed: "damage", portBase: 0 });
    stage = new Stage(sandbox);
    sound = new FederationStory(stage, { name: "sound", coordinator: "zone-a", training: ["zone-b"] });
    damaged = new FederationStory(stage, { name: "damaged", coordinator: "zone-a", training: ["zone-b", "zone-c"] });
    for (const story of [sound, damaged]) await story.ask();
    await damaged.press("zone-a", "Approve");
    await damaged.says("approved for", "(zone-a)");
    await damaged.zoneReads("zone-c", "[Approve]");
    await sandbox.bot.stop();
    id = (await idOf(sandbox, "damaged")) ?? "";
    const file = join(sandbox.directory, "data", `${id}.jsonl`);
    const bytes = await readFile(file);
    // In its last line: what lies before a snapshot is looked at by those who read the history.
    bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
    await writeFile(file, bytes);
    await sandbox.restartBot();
  });
  after(() => sandbox.stop());

  it("lets every other federation go on", async () => {
    for (const zone of sound.zones) await sound.press(zone, "Approve");
    await sound.isUp("zone-b");
  });

  it("answers a click on a card of the damaged one with what is wrong and whom to ask, and does nothing", async () => {
    await damaged.press("zone-c", "Approve");
    await stage.owner("zone-c").told(UNREADABLE);
    await damaged.press("zone-b", "See what runs");
    await stage.owner("zone-b").told(UNREADABLE);
    await stage.requester.press(homeChannel, "Cancel the request", "Federation damaged");
    await stage.requester.told(UNREADABLE);
    assert.equal(await stage.runningVms("zone-c"), 0);
  });

  it("says the same to the members of its home channel who ask for its status, and nothing to others", async () => {
    await stage.requester.type(homeChannel, "status damaged");
    await stage.slack.until("the status refused", async () => {
      const { ephemerals } = await stage.slack.person(stage.requester.id);
      return ephemerals.filter(({ text }) => text.includes(UNREADABLE)).length >= 2 ? true : undefined;
    });
    const outsider = stage.person("U0OUTSIDE1");
    await outsider.type("C0RANDOM01", "status damaged");
    await outsider.told("There is no federation of that name.");
  });

  it("gives its name to no other federation, and names the file in its log", async () => {
    await assert.rejects(
      stage.askFor({ name: "damaged", coordinator: "zone-a", training: ["zone-c"] }),
      /already uses/,
    );
    const log = await readFile(join(sandbox.directory, "bot.log"), "utf8");
    assert.match(log, new RegExp(`${id}.*All other federations run\\.`));
  });
});
