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
    const printed = lines.join("\n");
    assert.match(
      printed,
      /Name of the federation: spring-trial\n.*Coordinator zone: Hospital A \(zone-a\)/s,
      "the form",
    );
    assert.match(printed, /asks to run \*the coordinator\*.*\[ Approve \] {2}\[ Adjust and approve \]/s, "a card");
  } finally {
    await sandbox.stop();
  }
});
