import assert from "node:assert/strict";
import { it } from "node:test";
import { assertCopiesHarmless, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

const POOLED = { federated: true };

it("A bot that is killed around its login, and around what it does with the token, comes to the same end", async () => {
  const undisturbed = await undisturbedStory(POOLED);
  const { ending, deaths } = await mortalStory("login:|zone:(before|after)-instantiate", POOLED);
  for (const point of ["login:before-token", "login:after-token", "zone:after-instantiate"]) {
    assert.ok(
      deaths.some((death) => death.startsWith(point)),
      `it never died at ${point}`,
    );
  }
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
