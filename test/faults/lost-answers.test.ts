/** No create has an idempotency key: one whose answer is lost may have made a service or a VM, or may yet make one. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel } from "../../sandbox/zones-file.ts";
import { deploymentsIn } from "../story/deployments.ts";
import { FederationStory } from "../story/federation-story.ts";
import { startStory } from "../story/story-sandbox.ts";
import { journalOf, type StoredEvent, untilJournal } from "./data-directory.ts";

/** How long the bot waits for what a lost answer may bring before it orders another one. */
const SETTLE_MS = 3_000;

describe("When the answer of an instantiate is lost", () => {
  let sandbox: Sandbox;
  let stage: Stage;

  before(async () => {
    const settle = `${SETTLE_MS} ms`;
    sandbox = await startStory({
      zones: 2,
      speed: 20,
      seed: "lost",
      portBase: 0,
      configure: ({ policy, ...usual }) => ({
        ...usual,
        policy: { ...policy, settle, calls: { ...policy.calls, xmlrpcDeadline: "2500 ms" } },
      }),
    });
    stage = new Stage(sandbox);
  });
  after(() => sandbox.stop());

  it("what is there is taken for what was ordered", async () => {
    const story = await upAfterLoss("at-once", "zone-b", 0);
    assert.deepEqual(await created(story.name), ["zone-a ordered", "zone-b found"]);
  });

  it("what appears later, while it may still be awaited, is taken too", async () => {
    const story = await upAfterLoss("awaited", "zone-b", SETTLE_MS / 2);
    assert.deepEqual(await created(story.name), ["zone-a ordered", "zone-b found"]);
  });

  it("what appears after another was ordered is removed, be it a coordinator or a training site, a service or a VM", async () => {
    await loseAnswer("zone-a", SETTLE_MS * 2);
    const story = await upAfterLoss("too-late", "zone-b", SETTLE_MS * 2);
    // A coordinator that is a VM by itself comes once only: oned gives the address that was approved to no other VM.
    const twice = ["zone-a", "zone-b"].filter((zone) => zone !== "zone-a" || !isAlone(zone));
    assert.deepEqual(await duplicatesRemoved(story.name, twice.length), twice);
    for (const zone of ["zone-a", "zone-b"]) {
      const running = await stage.zones.zone(zone);
      assert.equal(deploymentsIn(running).length, 3, "one for each of the three federations");
    }
  });

  it("nothing of it is left after the teardown", async () => {
    await stage.requester.type(homeChannel, "teardown too-late");
    const story = new FederationStory(stage, { name: "too-late", coordinator: "zone-a", training: ["zone-b"] });
    for (const zone of ["zone-b", "zone-a"]) await story.press(zone, "Tear down here");
    await story.says("Nothing of it runs any more");
    for (const zone of ["zone-a", "zone-b"]) assert.equal(deploymentsIn(await stage.zones.zone(zone)).length, 2);
  });

  const isAlone = (zone: string): boolean => sandbox.withoutOneFlow.includes(zone);

  /** The zone's next instantiate is carried out after `delayMs` and never answered. */
  async function loseAnswer(zone: string, delayMs: number): Promise<void> {
    const operation = isAlone(zone) ? "one.template.instantiate" : "oneflow.service.instantiate";
    await stage.zones.command(zone, { do: "fault", fault: { kind: "lost-answer", delayMs, operation, times: 1 } });
  }

  async function upAfterLoss(name: string, zone: string, delayMs: number): Promise<FederationStory> {
    const story = new FederationStory(stage, { name, coordinator: "zone-a", training: ["zone-b"] });
    await loseAnswer(zone, delayMs);
    await story.askAndApprove();
    await story.isUp("zone-b");
    return story;
  }

  /** Of VMs by themselves the first one may be found and the next ordered; what is found is told of the site. */
  async function created(name: string): Promise<readonly string[]> {
    const events = await journalOf(sandbox, name);
    const found = new Set(events.flatMap(({ site, found: isFound }) => (isFound === true ? [site] : [])));
    const deployed = events.filter(({ type }) => type === "deployment-created");
    return deployed.map(({ site }) => `${site} ${found.has(site) ? "found" : "ordered"}`);
  }

  /** The zones in which a second one was found, as soon as as many were removed. */
  async function duplicatesRemoved(name: string, count: number): Promise<readonly (string | undefined)[]> {
    const duplicatesIn = (events: readonly StoredEvent[]) => events.filter(({ type }) => type === "duplicate-found");
    const events = await untilJournal(
      sandbox,
      name,
      `${count} duplicates removed`,
      (now) =>
        duplicatesIn(now).length >= count && now.filter(({ type }) => type === "deployment-removed").length >= count,
    );
    return duplicatesIn(events).map(({ site }) => site);
  }
});
