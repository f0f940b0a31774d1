import assert from "node:assert/strict";
import { it } from "node:test";
import { assertCopiesHarmless, assertDiedAt, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

const ROUTED = { seed: "router key", hub: { ip: "203.0.113.9", port: 51_820 }, way: "router" as const };
const APPENDS =
  "journal:(before|after)-append .*(router-key-given|tunnel-peers-|(attempt-started|deployment-) ?zone-b)";
const DELIVERIES = "zone:(before|after)-publish .*WG_PEERS";

it("A bot that is killed while it is given a router's key knows it once, tells the hub, and the zone comes up behind it", async () => {
  const undisturbed = await undisturbedStory(ROUTED);
  const given = undisturbed.journal.filter((line) => line.startsWith("router-key-given"));
  assert.deepEqual(given, ["router-key-given zone-b"]);
  const { ending, deaths } = await mortalStory(`${APPENDS}|${DELIVERIES}`, ROUTED);
  assertDiedAt(deaths, [
    /before-append .*router-key-given/,
    /after-append .*router-key-given/,
    /after-append .*tunnel-peers-intended/,
    /after-append .*tunnel-peers-delivered/,
    /after-publish .*WG_PEERS/,
  ]);
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
