/** SuperNodes that speak for another site's key: not admitted, told to the right people, and harmless to the others. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const WITHOUT_PROOF = "A SuperNode published a key without proof that it holds it, so it was not admitted.";
const HONEST = "zone-b";
const LIARS = [
  { zone: "zone-c", fault: "foreign-key", what: "publishes another site's key" },
  { zone: "zone-d", fault: "copied-key", what: "publishes another site's key with that one's own proof" },
] as const;

describe("A SuperNode that lies about its key", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;
  before(async () => {
    sandbox = await startStory({ zones: 4, speed: 20, seed: "keys", portBase: 0 });
    stage = new Stage(sandbox);
    for (const { zone, fault } of LIARS) {
      await stage.guests.addFault({ zone, role: "supernode", fault: { kind: fault } });
    }
    await stage.guests.addFault({ zone: HONEST, role: "supernode", fault: { kind: "hostile-attributes" } });
    story = new FederationStory(stage, {
      name: "keys",
      coordinator: "zone-a",
      training: [HONEST, ...LIARS.map(({ zone }) => zone)],
      fields: Object.fromEntries(
        LIARS.map(({ zone }) => [`SuperNodes in Hospital ${zone.slice(-1).toUpperCase()}`, "1"]),
      ),
    });
    await story.askAndApprove();
  });
  after(() => sandbox.stop());

  for (const { zone, what } of LIARS) {
    it(`is not admitted when it ${what}: thread and zone's channel say so, and its owner can retry`, async () => {
      await story.says(`(${zone})`, WITHOUT_PROOF);
      await story.zoneReads(zone, `@owner-${zone.slice(-1)}`, WITHOUT_PROOF, "VM ");
      await story.offers(zone, "Retry");
    });
  }

  it("harms no other site, whatever a third one writes into its attributes", async () => {
    await story.isUp(HONEST);
    const honest = new Set(
      (await stage.guests.guests()).filter(({ zone }) => zone === HONEST).map(({ fingerprint }) => fingerprint),
    );
    const superlink = (await stage.guests.guests()).find(({ role }) => role === "superlink");
    assert.equal(honest.size, 2);
    for (const key of Object.keys(superlink?.refused ?? {})) assert.ok(!honest.has(key), `${key} was turned away`);
    for (const channel of [homeChannel, ...stage.zoneNames.map(zoneChannel)]) {
      assert.deepEqual(
        (await stage.texts(channel)).filter((text) => text.includes("evil.example")),
        [],
      );
    }
  });

  it("is told with its VM in its own zone's channel only", async () => {
    for (const { zone } of LIARS) {
      for (const other of stage.zoneNames.filter((name) => name !== zone)) {
        assert.ok(!(await story.zoneText(other)).includes(`(${zone})*, federation`), `${zone} in ${other}`);
      }
    }
    assert.doesNotMatch(await story.threadText(), /VM \d/);
  });

  it("joins when its zone's owner has retried it and it has stopped lying", async () => {
    for (const { zone } of LIARS) {
      await story.press(zone, "Retry");
      await story.says(`@owner-${zone.slice(-1)} has`, `(${zone})`, "tried again.");
    }
    await stage.guests.clearFaults();
    for (const { zone } of LIARS) {
      await story.isUp(zone);
    }
  });
});
