import assert from "node:assert/strict";
import { it } from "node:test";
import { assertCopiesHarmless, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

const SEVERAL = {
  withoutOneFlow: ["zone-b"],
  training: ["zone-b/hearts", "zone-b/pictures", "zone-a/training"],
} as const;

const APPENDS =
  "journal:(before|after)-append .*(vm-intended|vm-created|deployment-(intended|created|removed)|key-accepted|site-stopped)";
const EFFECTS = "zone:(before|after)-(instantiate|terminate)";

it("A bot that is killed around what it makes and ends brings up and ends each site of a zone once", async () => {
  const undisturbed = await undisturbedStory(SEVERAL);
  assert.ok(undisturbed.zones.includes("up: zone-a 2 services, 2 VMs"), undisturbed.zones.join("; "));
  assert.ok(undisturbed.zones.includes("up: zone-b 0 services, 2 VMs"), undisturbed.zones.join("; "));
  const { ending, deaths } = await mortalStory(`${APPENDS}|${EFFECTS}`, SEVERAL);
  for (const site of [...SEVERAL.training, "zone-a"]) {
    assert.ok(
      deaths.some((death) => death.includes(`deployment-created ${site}`)),
      `it never died as ${site} was created`,
    );
  }
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
