import assert from "node:assert/strict";
import { it } from "node:test";
import { withoutOneFlowIn } from "../story/story-sandbox.ts";
import { assertCopiesHarmless, assertDiedAt, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

const SEVERAL = {
  seed: "several sites",
  deathsAtALine: 3,
  training: ["zone-b/hearts", "zone-b/pictures", "zone-a/training"],
} as const;

/** Each zone has two sites. */
const servicesIn = (zone: string): number => (withoutOneFlowIn(SEVERAL.seed, 2).includes(zone) ? 0 : 2);

const APPENDS =
  "journal:(before|after)-append .*(vm-intended|vm-created|deployment-(intended|created|removed)|key-accepted|site-stopped)";
const EFFECTS = "zone:(before|after)-(instantiate|terminate)";

it("A bot that is killed around what it makes and ends brings up and ends each site of a zone once", async () => {
  const undisturbed = await undisturbedStory(SEVERAL);
  assert.ok(
    undisturbed.zones.includes(`up: zone-a ${servicesIn("zone-a")} services, 2 VMs`),
    undisturbed.zones.join("; "),
  );
  assert.ok(
    undisturbed.zones.includes(`up: zone-b ${servicesIn("zone-b")} services, 2 VMs`),
    undisturbed.zones.join("; "),
  );
  const { ending, deaths } = await mortalStory(`${APPENDS}|${EFFECTS}`, SEVERAL);
  assertDiedAt(
    deaths,
    [...SEVERAL.training, "zone-a"].map((site) => `deployment-created ${site}`),
  );
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
});
