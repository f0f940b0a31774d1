/** Zones of every kind in one federation, as `--play --kinds` plays it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ZONES_OF_EVERY_KIND } from "../../sandbox/kinds-of-zones.ts";
import { playKinds } from "../../sandbox/story/kinds.ts";
import { startStory } from "./story-sandbox.ts";

const PLAY = join(import.meta.dirname, "../../sandbox/main.js");

/** What the program says on its error channel; it must not end well. */
const refusalOf = (...args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, [PLAY, "--play", "--kinds", ...args], (error, _out, said) =>
      error === null ? reject(new Error("It played.")) : resolve(said.trim()),
    );
  });

describe("The play with zones of every kind", () => {
  it("holds: a coordinator that trains, departments without OneFlow, a disk, and an organisation's own CA", async () => {
    const sandbox = await startStory({ ...ZONES_OF_EVERY_KIND, speed: 20, seed: "kinds", portBase: 0 });
    const lines: string[] = [];
    try {
      assert.ok(await playKinds(sandbox, (line) => lines.push(line)), lines.join("\n"));
    } catch (cause) {
      throw new Error(`The play stopped after:\n${lines.join("\n")}`, { cause });
    } finally {
      await sandbox.stop();
    }
  });

  it("says which options it does not go with", async () => {
    assert.equal(await refusalOf("--zones", "3"), "--kinds has zones of its own: leave out --zones.");
    assert.equal(
      await refusalOf("--network", "wireguard", "--router"),
      "--kinds has zones of its own: leave out --network and --router.",
    );
    assert.equal(await refusalOf("--gateway"), "--kinds has zones of its own: leave out --gateway.");
    assert.equal(
      await refusalOf("--without-oneflow", "zone-b"),
      "--kinds has zones of its own: leave out --without-oneflow.",
    );
  });
});
