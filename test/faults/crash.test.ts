import assert from "node:assert/strict";
import { it } from "node:test";
import { assertCopiesHarmless, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

it("A bot that is killed once before and after every journal append, receipt and zone effect comes to the same end", async () => {
  const undisturbed = await undisturbedStory();
  const { ending, deaths } = await mortalStory(".*");
  assert.ok(deaths.length > 100, `it died ${deaths.length} times`);
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
