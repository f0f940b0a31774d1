import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { currentProposal } from "../../src/federation/model/state.ts";
import { begin } from "../../src/rollout/planning.ts";
import { adjust } from "../builders/commands.ts";
import { zone } from "../builders/decision-context.ts";
import { aFederation } from "../builders/federation.ts";
import { aNetwork, aSurvey } from "../builders/survey.ts";
import { before } from "./scripted-task.ts";

const BETA = zone("beta");

describe("The look just before a site is created", () => {
  it("concludes nothing about a version that its owner has made meanwhile, and is made again for that one", async () => {
    const story = aFederation({ zones: ["alpha", "beta"] }).trusted();
    const research = aNetwork({ id: 4, name: "research" });
    const looks: (string | number)[] = [];
    const stage: Awaited<ReturnType<typeof before>> = await before(story, {
      async survey({ network }) {
        looks.push(network);
        if (looks.length === 1) {
          story.shows("beta", (usual) => ({ ...usual, network: research }));
          const adjusted = story.decides(adjust("beta", { network: "research" }));
          assert.ok(adjusted.ok);
          await stage.store.update(story.federation.id, () => adjusted);
        }
        return aSurvey(network === "research" ? { network: research } : {});
      },
    });
    assert.equal(await begin(stage.context, stage.job(), BETA), "later");
    const site = stage.state().sites.get(BETA);
    assert.ok(site !== undefined);
    assert.equal(site.approvalState, "approved", "nobody is asked again");
    assert.deepEqual(currentProposal(site)?.adjustment, { network: "research" });
    assert.equal(await begin(stage.context, stage.job(), BETA), "done");
    assert.deepEqual(looks, ["public", "research"]);
    assert.equal(stage.state().sites.get(BETA)?.attempts, 1);
  });
});
