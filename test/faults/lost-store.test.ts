/** A bot whose data directory is taken away can remember nothing: it ends at once, so that whoever keeps it running starts another. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel } from "../../sandbox/zones-file.ts";
import { startStory } from "../story/story-sandbox.ts";

it("A bot that loses its store ends with 1, says why, and leaves the data free for the next start", async () => {
  const sandbox = await startStory({ zones: 2, speed: 20, seed: "lost", portBase: 0 });
  try {
    const stage = new Stage(sandbox);
    const { child } = sandbox.bot;
    const ended = once(child, "exit");
    const data = join(sandbox.directory, "data");
    await rename(data, `${data}-away`);
    // Nobody is answered: the request was journalled nowhere.
    const asking = stage.askFor({ name: "hearts", coordinator: "zone-a", training: ["zone-b"] }).catch(() => undefined);
    const [code] = await ended;
    assert.equal(code, 1);
    const log = await readFile(join(sandbox.directory, "bot.log"), "utf8");
    assert.match(log, /"level":"fatal".*"msg":"florist ends: The data directory .* cannot be used any more/);
    await rename(`${data}-away`, data);
    await sandbox.restartBot();
    await stage.requester.open(homeChannel, "deploy-site", "Deploy a federation");
    void asking;
  } finally {
    await sandbox.stop();
  }
});
