/** The main story where Slack connects to the bot; the other stories are told over connections that the bot opens. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { z } from "zod";
import { playStory } from "../../sandbox/story/story.ts";
import { playedWhole } from "./plays.ts";
import { startStory } from "./story-sandbox.ts";

const logLine = z.object({ level: z.string(), msg: z.string(), by: z.string().optional() });

it("The whole story holds over signed requests too", async () => {
  const sandbox = await startStory({ zones: 3, speed: 20, seed: "http", portBase: 0, transport: "http" });
  try {
    const printed = await playedWhole((print) => playStory(sandbox, print));
    assert.match(
      printed,
      /Name of the federation: spring-trial\n.*Coordinator zone: Hospital A \(zone-a\)/s,
      "the form",
    );
    assert.match(printed, /asks to run \*the coordinator\*.*\[ Approve \] {2}\[ Adjust and approve \]/s, "a card");
    const log = await readFile(join(sandbox.directory, "bot.log"), "utf8");
    const told = log.split("\n").flatMap((line) => (line.startsWith("{") ? [logLine.parse(JSON.parse(line))] : []));
    for (const zone of sandbox.zoneNames) {
      assert.equal(
        told.filter(({ msg, by }) => msg.endsWith(` in ${zone}: approved`) && by !== undefined).length,
        1,
        zone,
      );
      assert.ok(
        told.some(({ msg }) => msg.endsWith(` in ${zone}: removed`)),
        zone,
      );
    }
    assert.deepEqual(
      told.filter(({ level }) => level !== "info"),
      [],
      "nothing is wrong, so nothing is said to be",
    );
  } finally {
    await sandbox.stop();
  }
});
