import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FederationTally, STAGES } from "../../src/health/federation-tally.ts";
import { askTeardown } from "../builders/commands.ts";
import { aFederation, type Story } from "../builders/federation.ts";

const A_WHILE = 40;

const stages = (tally: FederationTally) => STAGES.map((stage) => tally.inStage(stage));
const standing = (tally: FederationTally) => [...tally.conditions()].filter(([, count]) => count > 0);

suite("The tally of federations", () => {
  test("counts each in the stage that it is in", () => {
    const tally = new FederationTally();
    tally.change(aFederation().federation, null);
    tally.change(aFederation().running().federation, null);
    assert.deepEqual(stages(tally), [1, 0, 1, 0]);
  });

  test("follows one that changes, and leaves out one that has ended", () => {
    const tally = new FederationTally();
    const story = aFederation();
    let before: Story["federation"] | null = null;
    const step = () => {
      tally.change(story.federation, before);
      before = story.federation;
      return stages(tally);
    };
    assert.deepEqual(step(), [1, 0, 0, 0]);
    story.running();
    assert.deepEqual(step(), [0, 0, 1, 0]);
    story.does(askTeardown());
    assert.deepEqual(step(), [0, 0, 0, 1]);
  });

  test("counts what stands of a code in all of them, and no more once it is over", () => {
    const tally = new FederationTally();
    const story = aFederation().running();
    tally.change(story.federation, null);
    assert.deepEqual(standing(tally), []);
    const well = story.federation;
    const [first = ""] = story.vms("beta").map(({ acceptedKey }) => acceptedKey ?? "");
    story.sees("online", { [first]: "offline" }).watchesAll(A_WHILE);
    const ill = story.federation;
    tally.change(ill, well);
    assert.deepEqual(standing(tally), [["supernodes-offline", 1]]);
    story.sees("online").watchesAll(A_WHILE);
    tally.change(story.federation, ill);
    assert.deepEqual(standing(tally), []);
  });
});
