import assert from "node:assert/strict";
import { it } from "node:test";
import { assertCopiesHarmless, assertDiedAt, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

const TUNNELS = { withoutOneFlow: [], hub: { ip: "203.0.113.9", port: 51_820 } };
const APPENDS = "journal:(before|after)-append .*tunnel-";
const DELIVERIES = "zone:(before|after)-publish";

it("A bot that is killed around each word about tunnels, journalled or told to a VM, comes to the same tunnels", async () => {
  const undisturbed = await undisturbedStory(TUNNELS);
  assert.ok(undisturbed.journal.includes("tunnel-key-accepted zone-b"));
  const { ending, deaths } = await mortalStory(`${APPENDS}|${DELIVERIES}`, TUNNELS);
  assertDiedAt(deaths, [
    "tunnel-key-accepted",
    "tunnel-peers-intended",
    "tunnel-peers-delivered",
    "tunnel-key-revoked",
    "tunnel-rotation-asked",
    "tunnel-rotation-told",
    "tunnel-key-announced",
    "tunnel-switch-intended",
    "tunnel-switch-delivered",
    "tunnel-rotation-ended",
    ...["WG_PEERS", "WG_ROTATE", "WG_SWITCH"].map((given) => new RegExp(`^zone:after-publish .*${given}`)),
  ]);
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
