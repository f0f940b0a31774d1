import assert from "node:assert/strict";
import { it } from "node:test";
import { assertCopiesHarmless, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

it("A bot that is killed when nothing is left to happen still says what people have not been told", async () => {
  const undisturbed = await undisturbedStory();
  const { ending, deaths } = await mortalStory("journal:after-append .*(federation-ended|authority-destroyed)");
  assert.equal(deaths.length, 2);
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
