import { it } from "node:test";
import { assertCopiesHarmless, assertDiedAt, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

const POOLED = { seed: "login", federated: true };

it("A bot that is killed around its login, and around what it does with the token, comes to the same end", async () => {
  const undisturbed = await undisturbedStory(POOLED);
  const { ending, deaths } = await mortalStory("login:|zone:(before|after)-instantiate", POOLED);
  assertDiedAt(deaths, ["login:before-token", "login:after-token", "zone:after-instantiate"]);
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
