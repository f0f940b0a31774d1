/** What happens when owners do not decide in time. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Sandbox, startSandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { FederationStory } from "./federation-story.ts";

const MINIMUM = "Start with at least this many training sites";

describe("Owners who do not decide in time", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  before(async () => {
    sandbox = await startSandbox({
      zones: 3,
      speed: 20,
      seed: "expiry",
      portBase: 0,
      configure: (usual) => ({
        ...usual,
        policy: { ...usual.policy, approvalExpiry: "8 s", approvalReminder: "2 s" },
      }),
    });
    stage = new Stage(sandbox);
  });
  after(() => sandbox.stop());

  const story = (name: string, minimum: number): FederationStory =>
    new FederationStory(stage, {
      name,
      coordinator: "zone-a",
      training: ["zone-b", "zone-c"],
      fields: { [MINIMUM]: String(minimum) },
    });

  it("are reminded in their zone's channel; then their site is left out and the rest goes on", async () => {
    const late = story("late", 1);
    await late.ask();
    await late.press("zone-a", "Approve");
    await late.press("zone-c", "Approve");
    await late.zoneReads("zone-b", "still waits for a decision");
    await late.says("(zone-b)", "was not decided on in time and is left out.");
    await late.zoneReads("zone-b", "Nobody decided in time, so it is left out.");
    await late.isUp("zone-c");
    assert.equal(await stage.runningVms("zone-b"), 0);
    await late.offersNoMore("zone-b", "Approve");
    assert.ok(!(await late.zoneText("zone-c")).includes("still waits"), "who has decided is not reminded");
  });

  it("end the request when too few sites are left", async () => {
    const few = story("few", 2);
    await few.ask();
    await few.press("zone-a", "Approve");
    await few.press("zone-c", "Approve");
    await few.says("Too few training sites are left, so the request ends here.");
  });

  it("end the request when they are the coordinator's", async () => {
    const headless = story("headless", 1);
    await headless.ask();
    await headless.press("zone-b", "Approve");
    await headless.press("zone-c", "Approve");
    await headless.says(
      "(zone-a)",
      "was not decided on in time and is left out. Without a coordinator the request ends here.",
    );
  });
});
