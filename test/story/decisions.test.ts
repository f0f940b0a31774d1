/** What owners decide about their own zone before anything runs there, through signed clicks and modals. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, type SandboxZonesFile, zoneChannel, zoneOwner } from "../../sandbox/zones-file.ts";
import { until } from "../waiting.ts";
import { deploymentsOf } from "./deployments.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const MINIMUM = "Start with at least this many training sites";
const REASON = "Reason, shown to everybody in the federation's channel";
const NOT_AN_OWNER = "Only this site's owners can do that.";
const STRANGER = "U0STRANGE2";

/** zone-b wants two of its owners to agree. */
const twoOwnersInZoneB = (usual: SandboxZonesFile): object => ({
  ...usual,
  zones: Object.fromEntries(
    Object.entries(usual.zones).map(([zone, entry]) => [zone, { ...entry, quorum: zone === "zone-b" ? 2 : 1 }]),
  ),
});

let sandbox: Sandbox;
let stage: Stage;

before(async () => {
  sandbox = await startStory({ zones: 3, speed: 20, seed: "owners", portBase: 0, configure: twoOwnersInZoneB });
  stage = new Stage(sandbox);
});
after(() => sandbox.stop());

const story = (name: string, minimum = 2): FederationStory =>
  new FederationStory(stage, {
    name,
    coordinator: "zone-a",
    training: ["zone-b", "zone-c"],
    fields: { [MINIMUM]: String(minimum) },
  });

const second = (zone: string) => stage.person(zoneOwner(zone, 2));

/** Both owners of zone-b, as their mentions read. */
const FIRST_OF_B = "@owner-b";
const SECOND_OF_B = "@second-owner-b";

async function reject(owner: ReturnType<typeof second>, zone: string, about: string, because: string): Promise<void> {
  await owner.press(zoneChannel(zone), "Reject", about);
  const view = await owner.view("Reject");
  await owner.fill(view, { [REASON]: because });
  const answer = await owner.submit(view);
  assert.deepEqual([answer.errors, answer.problem], [undefined, undefined]);
}

describe("A zone that wants two owners to agree", () => {
  let quorum: FederationStory;
  before(async () => {
    quorum = story("quorum");
    await quorum.ask();
    await quorum.zoneReads("zone-b", "Waits for 2 owners of this site.");
    await second("zone-c").press(zoneChannel("zone-c"), "Reject", "quorum");
    await second("zone-c").view("Reject");
  });

  it("counts nobody's click but its owners': strangers are refused, and only they read that", async () => {
    const card = await quorum.zoneText("zone-b");
    const stranger = stage.person(STRANGER);
    for (const button of ["Approve", "Adjust and approve", "Reject"]) {
      await stranger.press(zoneChannel("zone-b"), button, "quorum");
      const told = await stranger.told(NOT_AN_OWNER);
      assert.equal(told.channel, zoneChannel("zone-b"));
    }
    const { views } = await until(
      "a refusal of each click",
      () => stage.slack.person(STRANGER),
      ({ ephemerals }) => ephemerals.filter(({ text }) => text.includes(NOT_AN_OWNER)).length === 3,
    );
    assert.deepEqual(views, []);
    assert.equal(await quorum.zoneText("zone-b"), card);
  });

  it("counts no click of another zone's owner", async () => {
    const foreign = zoneOwner("zone-c", 1);
    await stage.slack.settings({ membership: { channel: zoneChannel("zone-b"), person: foreign, member: true } });
    await stage.person(foreign).press(zoneChannel("zone-b"), "Approve", "quorum");
    await stage.person(foreign).told(NOT_AN_OWNER);
    assert.match(await quorum.zoneText("zone-b"), /Waits for 2 owners of this site\./);
  });

  it("is not approved by one owner, however often that owner clicks", async () => {
    await quorum.press("zone-b", "Approve");
    await quorum.zoneReads("zone-b", `${FIRST_OF_B} approved`, "Waits for 1 owner of this site.");
    await quorum.press("zone-b", "Approve");
    await stage.owner("zone-b").told("You have decided on this already.");
    assert.doesNotMatch(await quorum.threadText(), /it is approved/);
  });

  it("asks its owners again when one of them adjusts: earlier votes are void, the adjuster's counts", async () => {
    const owner = second("zone-b");
    await owner.press(zoneChannel("zone-b"), "Adjust and approve", "quorum");
    const view = await owner.view("Adjust and approve");
    await owner.fill(view, { SuperNodes: "1" });
    assert.equal((await owner.submit(view)).errors, undefined);
    await quorum.zoneReads("zone-b", `Adjusted by ${SECOND_OF_B}`, "The newer card", "is the one that counts.");
    const newer = await quorum.zoneReads("zone-b", `${SECOND_OF_B} approved`, "Waits for 1 owner of this site.");
    assert.doesNotMatch(newer, new RegExp(`${FIRST_OF_B} approved`));
    await quorum.says("(zone-b)", "an owner adjusted what runs there");
  });

  it("is approved once both agree to the same version", async () => {
    await quorum.press("zone-b", "Approve");
    await quorum.says("approved for", "(zone-b)", "That is enough: it is approved.");
  });

  it("lets an owner take an approval back while the deployment has not started, and then waits for it again", async () => {
    await quorum.press("zone-b", "Withdraw my approval");
    await quorum.says(`${FIRST_OF_B} withdrew the approval for`, "(zone-b)");
    await quorum.zoneReads("zone-b", "Waits for 1 owner of this site.");
    await quorum.press("zone-a", "Approve");
    await quorum.press("zone-c", "Approve");
    await quorum.says("approved for", "(zone-c)");
    await quorum.says("approved for", "(zone-a)");
    await quorum.says("Waits for 1 owner of this site");
    assert.equal(await stage.runningVms("zone-a"), 0, "nothing starts below the minimum of training sites");
  });

  it("takes part with the adjusted number of SuperNodes when all have agreed", async () => {
    await quorum.press("zone-b", "Approve");
    await quorum.isUp("zone-b");
    await quorum.isUp("zone-c");
    assert.deepEqual([await stage.runningVms("zone-b"), await stage.runningVms("zone-c")], [1, 2]);
    await quorum.offersNoMore("zone-b", "Withdraw my approval");
  });

  it("refuses a rejection that is sent after the deployment started, although its form was opened before", async () => {
    const late = second("zone-c");
    const form = await late.view("Reject");
    await late.fill(form, { [REASON]: "On second thoughts." });
    await late.submit(form);
    const answer = await late.view("Not possible");
    assert.match(answer.text, /The site is being deployed already\. Retire it instead if it is not to run\./);
    assert.doesNotMatch(await quorum.threadText(), /On second thoughts/);
  });
});

describe("An owner who rejects", () => {
  it("must say why; a training site's rejection leaves it out and the others go on", async () => {
    const smaller = story("smaller", 1);
    await smaller.ask();
    const owner = second("zone-b");
    await owner.press(zoneChannel("zone-b"), "Reject", "smaller");
    const view = await owner.view("Reject");
    await owner.fill(view, { [REASON]: "   " });
    assert.deepEqual(Object.values((await owner.submit(view)).errors ?? {}), ["Say in a few words why."]);
    await owner.fill(view, { [REASON]: "The ethics board <!channel> has not met." });
    assert.equal((await owner.submit(view)).errors, undefined);
    const told = await smaller.says(`${SECOND_OF_B} rejected it for`, "(zone-b)");
    assert.match(told, /“The ethics board <!channel> has not met\.” It is left out\. @rosa$/);
    await smaller.zoneReads("zone-b", "Rejected by its owner, so it is left out.", "has not met.");
    await smaller.offersNoMore("zone-b", "Approve");
    await smaller.press("zone-a", "Approve");
    await smaller.press("zone-c", "Approve");
    await smaller.isUp("zone-c");
  });

  it("ends the request when too few training sites are left, before anything was created", async () => {
    const few = story("few");
    await few.ask();
    await few.press("zone-a", "Approve");
    await reject(second("zone-c"), "zone-c", "few", "No room this month.");
    await few.says("“No room this month.” Too few training sites are left, so the request ends here. @rosa");
    await few.says("Ended: too few training sites are left.");
    await assertEnded(few);
  });

  it("ends the request when the zone is the coordinator's", async () => {
    const headless = story("headless");
    await headless.ask();
    await headless.press("zone-c", "Approve");
    await reject(second("zone-a"), "zone-a", "headless", "Not this year.");
    await headless.says(
      "@second-owner-a rejected it for",
      "“Not this year.” Without a coordinator the request ends here. @rosa",
    );
    await assertEnded(headless);
  });
});

describe("A request for which nothing was created yet", () => {
  it("is cancelled by its requester and by nobody else", async () => {
    const cancelled = story("cancelled");
    await cancelled.ask();
    await cancelled.press("zone-c", "Approve");
    await cancelled.says("approved for", "(zone-c)");
    const owner = stage.owner("zone-c");
    await owner.press(homeChannel, "Cancel the request", "Federation cancelled");
    await owner.told("Only the person who asked for this federation can do that.");
    await stage.requester.press(homeChannel, "Cancel the request", "Federation cancelled");
    await cancelled.says("The request was cancelled. Nothing was created.");
    await assertEnded(cancelled);
  });
});

/** Nothing can be decided any more, and no zone has anything of this federation. */
async function assertEnded(ended: FederationStory): Promise<void> {
  for (const zone of ended.zones) {
    await stage.slack.until(
      `${zone}'s card of ${ended.name} without buttons to decide`,
      async () => {
        const buttons = await ended.buttons(zone);
        return buttons.some((button) => button !== "See what runs") ? undefined : true;
      },
      stage.patience,
    );
    assert.deepEqual(deploymentsOf(ended.name, await stage.zones.zone(zone)), []);
  }
}
