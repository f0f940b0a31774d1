/** Bots that die wherever gateways come of it, a training zone's and the coordinator's, and what is left of them then. */
import assert from "node:assert/strict";
import { assertCopiesHarmless, assertDiedAt, assertSameEnd, mortalStory, undisturbedStory } from "./mortal-story.ts";

const PASSED = { hub: { ip: "203.0.113.9", port: 51_820 }, way: "gateway" as const, hubWay: "gateway" as const };
const GATEWAYS_IN = ["zone-a", "zone-b"] as const;

/**
 * Once what is to be done stands in the journal, and once it is done without standing there: a death before the one, or
 * after the other, is that of any bot.
 */
const INTENTS =
  "journal:after-append .*(template-intended|deployment-intended|vm-intended|tunnel-peers-intended|attempt-started)";
const KEYS = "journal:after-append .*tunnel-key-accepted";
const EFFECTS = "zone:after-(register-template|instantiate|terminate|remove-service)";
const DELIVERIES = "zone:after-publish .*WG_PEERS";
const STEPS = [INTENTS, KEYS, EFFECTS, DELIVERIES].join("|");

/** The one zone's in a service, the other's as a VM that no service holds. */
export async function diesAtGateways(withoutOneFlow: (typeof GATEWAYS_IN)[number]): Promise<void> {
  const wish = { ...PASSED, withoutOneFlow: [withoutOneFlow] };
  const undisturbed = await undisturbedStory(wish);
  for (const zone of GATEWAYS_IN) {
    const accepted = undisturbed.journal.filter((line) => line === `tunnel-key-accepted ${zone}`);
    assert.equal(accepted.length, 2, "the gateway's first key, and the one that it was told to make");
    assert.ok(undisturbed.zones.includes(`up: ${zone} ${zone === withoutOneFlow ? 0 : 1} services, 2 VMs`));
    assert.ok(undisturbed.zones.includes(`end: ${zone} 0 services, 0 VMs`));
  }
  const { ending, deaths } = await mortalStory(STEPS, wish);
  assertDiedAt(
    deaths,
    GATEWAYS_IN.flatMap((zone) => [
      `after-instantiate ${zone}`,
      new RegExp(`after-append .*tunnel-key-accepted ${zone}`),
      new RegExp(`after-append .*tunnel-peers-intended ${zone}`),
      new RegExp(`after-publish ${zone}.*WG_PEERS`),
    ]),
  );
  assertSameEnd(ending, undisturbed);
  assertCopiesHarmless(ending, undisturbed, deaths);
}
