/** What happens to the sites of a running federation: retried, retired, added, torn down, by buttons. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, zoneChannel, zoneOwner } from "../../sandbox/zones-file.ts";
import { deploymentsIn } from "./deployments.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const NOT_AN_OWNER = "Only this site's owners can do that.";
const REASON = "Reason, shown to everybody in the federation's channel";
const NAME = "changing";
const STRANGER = "U0STRANGE2";

let sandbox: Sandbox;
let stage: Stage;
let story: FederationStory;

before(async () => {
  sandbox = await startStory({
    zones: 4,
    speed: 20,
    seed: "changes",
    portBase: 0,
    configure: (usual) => ({ ...usual, policy: { ...usual.policy, removal: "5 s" } }),
  });
  stage = new Stage(sandbox);
  story = new FederationStory(stage, { name: NAME, coordinator: "zone-a", training: ["zone-b", "zone-c"] });
  await story.askAndApprove();
  await story.isUp("zone-b");
  await story.isUp("zone-c");
});
after(() => sandbox.stop());

/** Ids of the zone's VMs that run. */
const running = async (zone: string): Promise<readonly number[]> =>
  (await stage.guests.vms()).filter((vm) => vm.zone === zone && vm.state === "running").map(({ vmId }) => vmId);

const timesSaid = async (...words: readonly string[]): Promise<number> =>
  (await story.thread()).filter(({ text }) => words.every((word) => text.includes(word))).length;

/** As soon as the thread has said this that often. */
const saidTimes = (times: number, ...words: readonly string[]): Promise<true> =>
  stage.slack.until(
    `${words.join(" … ")}, ${times} times`,
    async () => ((await timesSaid(...words)) >= times ? true : undefined),
    stage.patience,
  );

const zoneIsEmpty = (zone: string) => stage.zones.until(zone, (now) => deploymentsIn(now).length === 0);

async function refusedToStranger(zone: string, button: string): Promise<void> {
  const stranger = stage.person(STRANGER);
  const before = (await stage.slack.person(STRANGER)).ephemerals.length;
  await stranger.press(zoneChannel(zone), button, NAME);
  await stage.slack.until(
    `${button} refused to a stranger`,
    async () => {
      const { ephemerals } = await stage.slack.person(STRANGER);
      return ephemerals.length > before && ephemerals.at(-1)?.text.includes(NOT_AN_OWNER) ? true : undefined;
    },
    stage.patience,
  );
}

async function askToJoin(zone: string): Promise<void> {
  await stage.requester.press(homeChannel, "Add a site", `Federation ${NAME}`);
  const view = await stage.requester.view("Add a site");
  await stage.requester.fill(view, { "Training site": zone, SuperNodes: "1" });
  assert.equal((await stage.requester.submit(view)).errors, undefined);
}

describe("A site of a running federation that has lost a SuperNode", () => {
  it("can be retried by its owners only, and only while something is wrong", async () => {
    await story.offersNoMore("zone-b", "Retry");
    const [lost = -1] = await running("zone-b");
    await stage.guests.kill({ zone: "zone-b", vmId: lost });
    await story.says("(zone-b)", "is degraded: 1 of 2 SuperNodes online since");
    await refusedToStranger("zone-b", "Retry");
    assert.equal(await timesSaid("(zone-b)", "tried again"), 0);
  });

  it("is deployed anew under the same approval, while the other sites go on", async () => {
    const others = [...(await running("zone-a")), ...(await running("zone-c"))];
    await story.press("zone-b", "Retry");
    await story.says("@owner-b has", "(zone-b)", "tried again.");
    await saidTimes(2, "(zone-b)", "is up");
    assert.deepEqual([...(await running("zone-a")), ...(await running("zone-c"))], others);
    assert.equal(await timesSaid("approved for", "(zone-b)"), 1, "nobody was asked again");
    assert.equal((await running("zone-b")).length, 2);
  });
});

describe("An owner who retires a site", () => {
  it("needs nobody's consent, but must be an owner of that zone", async () => {
    await refusedToStranger("zone-b", "Retire this site");
    const foreign = zoneOwner("zone-c", 1);
    await stage.slack.settings({ membership: { channel: zoneChannel("zone-b"), person: foreign, member: true } });
    await stage.person(foreign).press(zoneChannel("zone-b"), "Retire this site", NAME);
    await stage.person(foreign).told(NOT_AN_OWNER);
    assert.equal(await timesSaid("retired"), 0);
    await story.press("zone-b", "Retire this site");
    await story.says("@owner-b retired", "(zone-b)", "Nothing else is touched.");
  });

  it("has its VMs removed, and nothing of the others'", async () => {
    await zoneIsEmpty("zone-b");
    assert.deepEqual([(await running("zone-a")).length, (await running("zone-c")).length], [1, 2]);
    assert.doesNotMatch(await story.threadText(), /\(zone-c\)\*? is d/);
    await story.says("Running: 1 of 1 training site up.");
  });
});

describe("A site that is to join a running federation", () => {
  it("does not join when the coordinator's owner refuses to admit it, with a reason for everybody", async () => {
    await askToJoin("zone-d");
    await story.says("@rosa asks", "(zone-d)", "to join with 1 SuperNode.");
    await story.press("zone-d", "Approve");
    const owner = stage.owner("zone-a");
    await owner.press(zoneChannel("zone-a"), "Reject", "zone-d");
    const view = await owner.view("Reject");
    await owner.fill(view, { [REASON]: "Not before the audit." });
    assert.equal((await owner.submit(view)).errors, undefined);
    await story.says("@owner-a refused to admit", "(zone-d)", "“Not before the audit.” It is left out.");
    await story.says("Not admitted by the coordinator's owner, so it is left out.");
    await story.zoneReads("zone-d", "Not admitted by the coordinator's owner, so it is left out.");
    assert.equal((await running("zone-d")).length, 0);
  });

  it("waits for both its own owner and the coordinator's, and starts nothing before", async () => {
    await askToJoin("zone-d");
    await story.zoneReads("zone-d", "Waits for 1 owner of this site and 1 owner of the coordinator to admit it.");
    await story.press("zone-d", "Approve");
    await story.zoneReads("zone-d", "@owner-d approved", "Waits for 1 owner of the coordinator to admit it.");
    await story.says("Waits for 1 owner of the coordinator to admit it.");
    const stranger = stage.person("U0STRANGE1");
    await stranger.press(zoneChannel("zone-a"), "Admit", "zone-d");
    await stranger.told(NOT_AN_OWNER);
    assert.equal((await running("zone-d")).length, 0);
  });

  it("joins once it is admitted; the others' VMs are untouched, and their owners are told that they can leave", async () => {
    const others = [...(await running("zone-a")), ...(await running("zone-c"))];
    await stage.owner("zone-a").press(zoneChannel("zone-a"), "Admit", "zone-d");
    await story.says("@owner-a agreed to admit", "(zone-d)");
    await story.isUp("zone-d");
    const told = await story.zoneReads("zone-c", "(zone-d)", "joins federation", "you can retire your own site");
    assert.match(told, /own site on .*its card/);
    assert.deepEqual([...(await running("zone-a")), ...(await running("zone-c"))], others);
  });

  it("can be one that was retired before", async () => {
    await askToJoin("zone-b");
    await stage.owner("zone-a").press(zoneChannel("zone-a"), "Admit", "zone-b");
    await story.press("zone-b", "Approve");
    await saidTimes(3, "(zone-b)", "is up");
    assert.equal((await running("zone-b")).length, 1);
  });
});

describe("A federation that is torn down", () => {
  it("asks every owner about the own zone; a stranger's agreement counts nowhere", async () => {
    await stage.requester.type(homeChannel, `teardown ${NAME}`);
    await story.says("@rosa asks to tear this federation down.");
    for (const zone of ["zone-b", "zone-c", "zone-d"]) await story.zoneReads(zone, "Waits for an owner of this site.");
    await refusedToStranger("zone-b", "Tear down here");
    assert.equal((await running("zone-b")).length, 1);
  });

  it("stops the coordinator last: it waits for the training sites although its owner agreed first", async () => {
    await story.press("zone-a", "Tear down here");
    await story.zoneReads("zone-a", "@owner-a agreed.", "Waits for the training sites to end.");
    await story.press("zone-d", "Tear down here");
    await story.zoneReads("zone-d", "@owner-d agreed.", "Nothing of this federation runs here any more.");
    await zoneIsEmpty("zone-d");
    assert.deepEqual([(await running("zone-a")).length, (await running("zone-c")).length], [1, 2]);
  });

  it("leaves a zone that does not answer for later, says so, and finishes when it answers again", async () => {
    await stage.zones.command("zone-b", { do: "down" });
    await story.press("zone-b", "Tear down here");
    await story.says("(zone-b)", "could not be reached", "The bot goes on trying to remove what ran there.");
    assert.equal((await running("zone-a")).length, 1, "the coordinator waits for it");
    await stage.zones.command("zone-b", { do: "up" });
    await zoneIsEmpty("zone-b");
    await story.zoneReads("zone-b", "Nothing of this federation runs here any more.");
  });

  it("stops without waiting if the coordinator's owner wishes: the others are warned before", async () => {
    await refusedToStrangerOfAster("Stop without waiting");
    await story.press("zone-a", "Stop without waiting");
    await story.says("@owner-a stops the coordinator", "whatever still runs then.");
    await story.zoneReads(
      "zone-c",
      "The coordinator of federation",
      "Whatever still trains in Hospital C (zone-c) ends then.",
    );
    assert.equal((await running("zone-c")).length, 2);
    await zoneIsEmpty("zone-a");
    assert.equal((await running("zone-c")).length, 2, "nobody stops another owner's VMs");
  });

  it("ends when the last zone's owner has agreed, and nothing of it is left anywhere", async () => {
    assert.equal(await timesSaid("Nothing of it runs any more."), 0);
    await story.press("zone-c", "Tear down here");
    await story.says("The federation is torn down. Nothing of it runs any more.");
    for (const zone of stage.zoneNames) await zoneIsEmpty(zone);
    assert.deepEqual(await stage.guests.vms(), []);
  });
});

async function refusedToStrangerOfAster(button: string): Promise<void> {
  const stranger = stage.person("U0STRANGE1");
  await stranger.press(zoneChannel("zone-a"), button, NAME);
  await stranger.told(NOT_AN_OWNER);
  assert.equal(await timesSaid("stops the coordinator"), 0);
}
