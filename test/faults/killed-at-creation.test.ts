import assert from "node:assert/strict";
import { it } from "node:test";
import { assertCopiesHarmless, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

it("A bot that is killed just before or after a create creates no second service", async () => {
  const undisturbed = await undisturbedStory();
  const { ending, deaths } = await mortalStory("zone:(before|after)-(instantiate|register-template)");
  assert.equal(deaths.length, 8);
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
