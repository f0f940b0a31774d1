/** The main job as `--play --network wireguard` plays it, with each kind of end that a zone may have. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SandboxOptions } from "../../sandbox/composition.ts";
import { playStory } from "../../sandbox/story/story.ts";
import { withGateways } from "../../sandbox/zones-file.ts";
import { playedWhole, refusalOf } from "./plays.ts";
import { startStory } from "./story-sandbox.ts";

const OPTIONS = { zones: 3, speed: 20, portBase: 0, network: "wireguard" } as const;

describe("The play over WireGuard holds", () => {
  it("where each VM has its own end", () => holds({ ...OPTIONS, seed: "own ends" }));

  it("where a zone's own router has it", () => holds({ ...OPTIONS, seed: "a router's end" }, true));

  it("where gateways have it, the coordinator's as the hub", () =>
    holds({ ...OPTIONS, seed: "gateways' ends", configure: withGateways }));

  for (const way of ["--router", "--gateway"]) {
    it(`and is refused with ${way} alone, in a sentence`, async () => {
      assert.equal(await refusalOf(way), `${way} needs --network wireguard.`);
    });
  }
});

async function holds(options: SandboxOptions, router = false): Promise<void> {
  const sandbox = await startStory(options);
  try {
    await playedWhole((print) => playStory(sandbox, print, { router }));
  } finally {
    await sandbox.stop();
  }
}
