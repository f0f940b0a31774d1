import assert from "node:assert/strict";
import { it } from "node:test";
import { assertCopiesHarmless, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

const STORY = { seed: "creation and end" };
const CREATIONS = "zone:(before|after)-instantiate";
const ENDS = "journal:after-append .*(federation-ended|authority-destroyed)";

it("A bot that is killed around each create and when nothing is left to happen creates nothing twice and says all", async () => {
  const undisturbed = await undisturbedStory(STORY);
  const { ending, deaths } = await mortalStory(`${CREATIONS}|${ENDS}`, STORY);
  const deathsAt = (points: string): number => deaths.filter((death) => new RegExp(points).test(death)).length;
  assert.deepEqual([deathsAt(CREATIONS), deathsAt(ENDS)], [4, 2]);
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
