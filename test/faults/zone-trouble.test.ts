/** A zone that does not answer for a while, at every stage of a federation's life. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { deploymentsIn } from "../story/deployments.ts";
import { FederationStory } from "../story/federation-story.ts";
import { startStory } from "../story/story-sandbox.ts";
import { untilJournal } from "./data-directory.ts";

describe("A zone that does not answer for a while", () => {
  let sandbox: Sandbox;
  let story: FederationStory;

  before(async () => {
    sandbox = await startStory({
      zones: 3,
      speed: 20,
      seed: "trouble",
      portBase: 0,
      configure: (usual) => ({ ...usual, policy: { ...usual.policy, removal: "2 s" } }),
    });
    const stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: "spring", coordinator: "zone-a", training: ["zone-b", "zone-c"] });
  });
  after(() => sandbox.stop());

  it("is named before anybody is asked, and is looked at again by itself", async () => {
    await zoneC({ do: "down" });
    await story.ask();
    await story.says("(zone-c)*: The zone's OpenNebula could not be reached");
    await story.zoneReads("zone-c", "cannot take part in federation spring yet", "ECONNREFUSED");
    for (const zone of story.zones) assert.equal((await story.buttons(zone)).includes("Approve"), false);
    await zoneC({ do: "up" });
    await story.zoneReads("zone-c", "Approve");
  });

  it("holds up neither the coordinator nor the other sites during the rollout, and follows when it answers again", async () => {
    for (const zone of ["zone-b", "zone-c"]) await story.press(zone, "Approve");
    await zoneC({ do: "fault", fault: { kind: "hang", operation: "*" } });
    await story.press("zone-a", "Approve");
    await story.isUp("zone-b");
    assert.doesNotMatch(await story.threadText(), /\(zone-c\)\* is up/);
    await story.says("(zone-c)*: The zone's OpenNebula did not answer in time");
    await zoneC({ do: "clear-faults" });
    await story.isUp("zone-c");
  });

  it("is told of in the teardown, keeps no other zone's part, and is cleaned up when it answers again", async () => {
    const { stage } = story;
    await stage.requester.type(homeChannel, "teardown spring");
    for (const zone of story.zones) await stage.owner(zone).messageWith(zoneChannel(zone), "Tear down here");
    await zoneC({ do: "down" });
    for (const zone of ["zone-c", "zone-b", "zone-a"]) await story.press(zone, "Tear down here");
    await untilJournal(sandbox, "spring", "the others removed", (events) =>
      events.some(({ type, site }) => type === "deployment-removed" && site === "zone-b"),
    );
    await untilJournal(sandbox, "spring", "the delay told", (events) =>
      events.some(({ type, site }) => type === "removal-delayed" && site === "zone-c"),
    );
    assert.equal(deploymentsIn(await stage.zones.zone("zone-c")).length, 1);
    await zoneC({ do: "up" });
    await story.says("Nothing of it runs any more");
    assert.deepEqual(deploymentsIn(await stage.zones.zone("zone-c")), []);
  });

  const zoneC = (command: Parameters<Stage["zones"]["command"]>[1]) => story.stage.zones.command("zone-c", command);
});
