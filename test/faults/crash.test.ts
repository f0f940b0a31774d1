import assert from "node:assert/strict";
import { it } from "node:test";
import { withoutOneFlowIn } from "../story/story-sandbox.ts";
import { assertCopiesHarmless, assertDiedAt, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

const STORY = { seed: "everywhere", superNodes: 2 };

it("A bot that is killed once before and after every journal append, receipt and zone effect, be it on a service or on VMs by themselves, comes to the same end", async () => {
  const undisturbed = await undisturbedStory(STORY);
  const alone = withoutOneFlowIn(STORY.seed, 2);
  const services = alone.includes("zone-b") ? 0 : 1;
  assert.ok(undisturbed.zones.includes(`up: zone-b ${services} services, 2 VMs`), undisturbed.zones.join("; "));
  const { ending, deaths } = await mortalStory(".*", STORY);
  assert.ok(deaths.length > 100, `it died ${deaths.length} times`);
  if (alone.includes("zone-b")) assertDiedAt(deaths, ["vm-intended zone-b 1", "vm-intended zone-b 2"]);
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
