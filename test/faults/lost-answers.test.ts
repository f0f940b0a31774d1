/** OneFlow has no idempotency key: an instantiate whose answer is lost may have made a service, or may yet make one. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Sandbox, startSandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel } from "../../sandbox/zones-file.ts";
import { FederationStory } from "../story/federation-story.ts";
import { journalOf, type StoredEvent, untilJournal } from "./data-directory.ts";

/** How long the bot waits for the service of a lost answer before it orders another one. */
const SETTLE_MS = 3_000;
/** OpenNebula's STATE of a VM that has ended. */
const DONE = 6;

describe("When the answer of an instantiate is lost", () => {
  let sandbox: Sandbox;
  let stage: Stage;

  before(async () => {
    const settle = `${SETTLE_MS} ms`;
    sandbox = await startSandbox({
      zones: 2,
      speed: 20,
      seed: "lost",
      portBase: 0,
      configure: (usual) => ({ ...usual, policy: { ...usual.policy, settle } }),
    });
    stage = new Stage(sandbox);
  });
  after(() => sandbox.stop());

  it("the service that is there is taken for the one that was ordered", async () => {
    const story = await upAfterLoss("at-once", "zone-b", 0);
    assert.deepEqual(await created(story.name), ["zone-a ordered", "zone-b found"]);
  });

  it("a service that appears later, while it may still be awaited, is taken too", async () => {
    const story = await upAfterLoss("awaited", "zone-b", SETTLE_MS / 2);
    assert.deepEqual(await created(story.name), ["zone-a ordered", "zone-b found"]);
  });

  it("a service that appears after another was ordered is removed, be it a coordinator or a training site", async () => {
    await loseAnswer("zone-a", SETTLE_MS * 2);
    const story = await upAfterLoss("too-late", "zone-b", SETTLE_MS * 2);
    assert.deepEqual(await duplicatesRemoved(story.name), ["zone-a", "zone-b"]);
    for (const zone of ["zone-a", "zone-b"]) {
      const { services, vms } = await stage.zones.zone(zone);
      assert.equal(services.length, 3, "one service for each of the three federations");
      const ids = services.map(({ id }) => id);
      assert.deepEqual(
        vms.filter(({ state, serviceId = -1 }) => state !== DONE && !ids.includes(serviceId)),
        [],
      );
    }
  });

  it("nothing of it is left after the teardown", async () => {
    await stage.requester.type(homeChannel, "teardown too-late");
    const story = new FederationStory(stage, { name: "too-late", coordinator: "zone-a", training: ["zone-b"] });
    for (const zone of ["zone-b", "zone-a"]) await story.press(zone, "Tear down here");
    await story.says("Nothing of it runs any more");
    for (const zone of ["zone-a", "zone-b"]) assert.equal((await stage.zones.zone(zone)).services.length, 2);
  });

  /** The zone's next instantiate is carried out after `delayMs` and never answered. */
  async function loseAnswer(zone: string, delayMs: number): Promise<void> {
    const operation = "oneflow.service.instantiate";
    await stage.zones.command(zone, { do: "fault", fault: { kind: "lost-answer", delayMs, operation, times: 1 } });
  }

  async function upAfterLoss(name: string, zone: string, delayMs: number): Promise<FederationStory> {
    const story = new FederationStory(stage, { name, coordinator: "zone-a", training: ["zone-b"] });
    await loseAnswer(zone, delayMs);
    await story.askAndApprove();
    await story.isUp("zone-b");
    return story;
  }

  async function created(name: string): Promise<readonly string[]> {
    const events = (await journalOf(sandbox, name)).filter(({ type }) => type === "deployment-created");
    return events.map(({ site, found }) => `${site} ${found === true ? "found" : "ordered"}`);
  }

  /** The zones in which a second service was found, as soon as as many were removed. */
  async function duplicatesRemoved(name: string): Promise<readonly (string | undefined)[]> {
    const duplicatesIn = (events: readonly StoredEvent[]) => events.filter(({ type }) => type === "duplicate-found");
    const events = await untilJournal(
      sandbox,
      name,
      "two duplicates removed",
      (now) => duplicatesIn(now).length > 1 && now.filter(({ type }) => type === "deployment-removed").length > 1,
    );
    return duplicatesIn(events).map(({ site }) => site);
  }
});
