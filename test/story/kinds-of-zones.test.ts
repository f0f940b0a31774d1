/** Zones of every kind in one federation, as `--play --kinds` plays it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ZONES_OF_EVERY_KIND } from "../../sandbox/kinds-of-zones.ts";
import { playKinds } from "../../sandbox/story/kinds.ts";
import { playedWhole, refusalOf } from "./plays.ts";
import { startStory } from "./story-sandbox.ts";

describe("The play with zones of every kind", () => {
  it("holds: a coordinator that trains, departments without OneFlow, a disk, and an organisation's own CA", async () => {
    const sandbox = await startStory({ ...ZONES_OF_EVERY_KIND, speed: 20, seed: "kinds", portBase: 0 });
    try {
      await playedWhole((print) => playKinds(sandbox, print));
    } finally {
      await sandbox.stop();
    }
  });

  it("says which options it does not go with", async () => {
    assert.equal(await refusalOf("--kinds", "--zones", "3"), "--kinds has zones of its own: leave out --zones.");
    assert.equal(
      await refusalOf("--kinds", "--network", "wireguard", "--router"),
      "--kinds has zones of its own: leave out --network and --router.",
    );
    assert.equal(await refusalOf("--kinds", "--gateway"), "--kinds has zones of its own: leave out --gateway.");
    assert.equal(
      await refusalOf("--kinds", "--without-oneflow", "zone-b"),
      "--kinds has zones of its own: leave out --without-oneflow.",
    );
  });
});
