import assert from "node:assert/strict";
import { it } from "node:test";
import { assertCopiesHarmless, assertDiedAt, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

const PASSED = { hub: { ip: "203.0.113.9", port: 51_820 }, way: "gateway" as const };
const APPENDS =
  "journal:(before|after)-append .*(tunnel-key-accepted zone-b|tunnel-peers-|(vm-|attempt-|deployment-|template-)\\w+ zone-b)";
const EFFECTS = "zone:(before|after)-(register-template|instantiate|terminate|remove-service) zone-b";
const DELIVERIES = "zone:(before|after)-publish .*WG_PEERS";
const STEPS = [APPENDS, EFFECTS, DELIVERIES].join("|");

for (const withoutOneFlow of [[], ["zone-b"]]) {
  const where = withoutOneFlow.length === 0 ? "a service" : "VMs that no service holds";
  it(`A bot that is killed wherever a gateway comes of it, as ${where}, makes no second one and leaves none behind`, async () => {
    const wish = { ...PASSED, withoutOneFlow };
    const undisturbed = await undisturbedStory(wish);
    const accepted = undisturbed.journal.filter((line) => line === "tunnel-key-accepted zone-b");
    assert.equal(accepted.length, 2, "the gateway's first key, and the one that it was told to make");
    assert.ok(undisturbed.zones.includes(`up: zone-b ${withoutOneFlow.length === 0 ? 1 : 0} services, 2 VMs`));
    const { ending, deaths } = await mortalStory(STEPS, wish);
    assertDiedAt(deaths, [
      "after-instantiate zone-b",
      /after-append .*deployment-created/,
      /after-append .*tunnel-key-accepted/,
      /after-append .*tunnel-peers-intended/,
      /after-publish .*WG_PEERS/,
    ]);
    assertSameEnd(ending, undisturbed);
    assertCopiesHarmless(ending, undisturbed, deaths);
  });
}
