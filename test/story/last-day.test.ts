/** What a federation is for, and what its last day brings, as its people read it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const PURPOSE = "Predicts readmission from <records> of *three* wards & <!channel> alike.";
const READS = "Predicts readmission from <records> of";

const [COORDINATOR, TRAINING] = ["zone-a", "zone-b"] as const;
const dayFromNow = (days: number): string => new Date(Date.now() + days * 24 * 60 * 60_000).toISOString().slice(0, 10);

describe("A federation with a last day", () => {
  const last = dayFromNow(60);
  const later = dayFromNow(160);
  let sandbox: Sandbox;
  let story: FederationStory;

  before(async () => {
    sandbox = await startStory({
      zones: 2,
      speed: 20,
      seed: "last-day",
      portBase: 0,
      // The question comes as soon as it runs.
      configure: (usual) => ({
        ...usual,
        policy: { ...usual.policy, endNotice: "101 days", endAnswer: "100 days", endExtension: "100 days" },
      }),
    });
    story = new FederationStory(new Stage(sandbox), {
      name: "readmission",
      coordinator: COORDINATOR,
      training: [TRAINING],
      fields: { "What it is for": PURPOSE, "Last day": last },
    });
    await story.ask();
  });
  after(() => sandbox.stop());

  it("says on every card what it is for and until when, in the words that were typed", async () => {
    for (const zone of story.zones) await story.zoneReads(zone, READS, `Its last day is ${last} (UTC)`, "Approve");
    await story.says(READS, `Its last day is ${last} (UTC)`);
    for (const zone of story.zones) assert.ok(!(await story.zoneText(zone)).includes("@channel"), zone);
  });

  it("asks each zone's owners whether it goes on, and goes on when all have said so", async () => {
    for (const zone of story.zones) await story.press(zone, "Approve");
    for (const zone of story.zones) await story.zoneReads(zone, "does federation readmission go on?", later);
    await story.isUp(TRAINING);
    await story.press(TRAINING, "Go on");
    await story.zoneReads(TRAINING, "said that it goes on", "The other sites are still to answer.");
    await story.press(COORDINATOR, "Go on");
    await story.says(`The federation goes on until ${later} (UTC).`);
    await story.says(`Its last day is ${later} (UTC)`);
    for (const zone of story.zones) await story.offersNoMore(zone, "Go on");
  });
});
