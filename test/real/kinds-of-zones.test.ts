import assert from "node:assert/strict";
import { test } from "node:test";
import { startSandbox } from "../../sandbox/composition.ts";
import { ZONES_OF_EVERY_KIND } from "../../sandbox/kinds-of-zones.ts";
import { playKinds } from "../../sandbox/story/kinds.ts";
import { leftOut } from "./left-out.ts";

test("with real Flower, zones of every kind train together under an organisation's own CA, one of them on a file that only its disk holds", {
  skip: await leftOut(),
}, async () => {
  const sandbox = await startSandbox({ ...ZONES_OF_EVERY_KIND, real: true, speed: 20, seed: "kinds", portBase: 0 });
  const lines: string[] = [];
  try {
    assert.ok(await playKinds(sandbox, (line) => lines.push(line)), lines.join("\n"));
  } catch (cause) {
    throw new Error(`The play stopped after:\n${lines.join("\n")}`, { cause });
  } finally {
    await sandbox.stop();
  }
});
