/** The main story where Slack connects to the bot; the other stories are told over connections that the bot opens. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { startSandbox } from "../../sandbox/composition.ts";
import { playStory } from "../../sandbox/story/story.ts";

it("The whole story holds over signed requests too", async () => {
  const sandbox = await startSandbox({ zones: 3, speed: 20, seed: "http", portBase: 0, transport: "http" });
  const lines: string[] = [];
  try {
    const held = await playStory(sandbox, (line) => lines.push(line));
    assert.ok(held, lines.join("\n"));
  } finally {
    await sandbox.stop();
  }
});
