/** What happens when owners do not decide in time. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const MINIMUM = "Start with at least this many training sites";

describe("Owners who do not decide in time", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let late: FederationStory;
  let few: FederationStory;
  let headless: FederationStory;

  before(async () => {
    sandbox = await startStory({
      zones: 3,
      speed: 20,
      seed: "expiry",
      portBase: 0,
      // Long enough for two owners to click on a busy machine; the three requests run out side by side.
      configure: (usual) => ({
        ...usual,
        policy: { ...usual.policy, approvalExpiry: "45 s", approvalReminder: "2 s" },
      }),
    });
    stage = new Stage(sandbox);
    late = await askedAndApproved("late", 1, ["zone-a", "zone-c"]);
    few = await askedAndApproved("few", 2, ["zone-a", "zone-c"]);
    headless = await askedAndApproved("headless", 1, ["zone-b", "zone-c"]);
  });
  after(() => sandbox.stop());

  async function askedAndApproved(name: string, minimum: number, by: readonly string[]): Promise<FederationStory> {
    const story = new FederationStory(stage, {
      name,
      coordinator: "zone-a",
      training: ["zone-b", "zone-c"],
      fields: { [MINIMUM]: String(minimum) },
    });
    await story.ask();
    for (const zone of by) await story.press(zone, "Approve");
    return story;
  }

  it("are reminded in their zone's channel; then their site is left out and the rest goes on", async () => {
    await late.zoneReads("zone-b", "still waits for a decision");
    await late.says("(zone-b)", "was not decided on in time and is left out.");
    await late.zoneReads("zone-b", "Nobody decided in time, so it is left out.");
    await late.isUp("zone-c");
    assert.equal(await stage.runningVms("zone-b"), 0);
    await late.offersNoMore("zone-b", "Approve");
    assert.ok(!(await late.zoneText("zone-c")).includes("still waits"), "who has decided is not reminded");
  });

  it("end the request when too few sites are left", async () => {
    await few.says("Too few training sites are left, so the request ends here.");
  });

  it("end the request when they are the coordinator's", async () => {
    await headless.says(
      "(zone-a)",
      "was not decided on in time and is left out. Without a coordinator the request ends here.",
    );
  });
});
