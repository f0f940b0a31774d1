import assert from "node:assert/strict";
import { it } from "node:test";
import { assertCopiesHarmless, assertDiedAt, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

const WITHOUT = { withoutOneFlow: ["zone-b"], superNodes: 2 };
const APPENDS = "journal:(before|after)-append .*(vm-intended|vm-created|deployment-(intended|created|removed) zone-b)";
const EFFECTS = "zone:(before|after)-(instantiate zone-b|terminate)";

it("A bot that is killed around each VM that it makes one by one makes and ends each of them once", async () => {
  const undisturbed = await undisturbedStory(WITHOUT);
  assert.ok(undisturbed.zones.includes("up: zone-b 0 services, 2 VMs"));
  const { ending, deaths } = await mortalStory(`${APPENDS}|${EFFECTS}`, WITHOUT);
  assertDiedAt(deaths, ["vm-intended zone-b 1", "vm-intended zone-b 2", "vm-created zone-b 1", "after-instantiate"]);
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
