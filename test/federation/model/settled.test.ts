import assert from "node:assert/strict";
import { test } from "node:test";
import { isSettled } from "../../../src/federation/model/state.ts";
import { NOTHING_SEEN } from "../../../src/federation/observing/live.ts";
import { dueTasks } from "../../../src/federation/running/due-tasks.ts";
import { DAY, REQUESTER } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";

test("a federation is settled once it has ended and its authority is destroyed, and then nothing is due ever", () => {
  for (const story of [aFederation(), aFederation().planned(), aFederation().approved()]) {
    assert.equal(isSettled(story.federation), false);
    story.does({ kind: "cancel", by: REQUESTER, key: "cancel" });
    assert.equal(isSettled(story.federation), false);
    assert.deepEqual(dueTasks(story.federation, NOTHING_SEEN, story.context), [{ kind: "destroy-authority" }]);
    story.happens({ type: "authority-destroyed" });
    assert.equal(isSettled(story.federation), true);
    for (const later of [0, 10 * DAY, 400 * DAY]) {
      story.passes(later);
      assert.deepEqual(dueTasks(story.federation, NOTHING_SEEN, story.context), []);
    }
  }
});

test("a federation that has ended is not settled while something of it runs or is being removed", () => {
  const story = aFederation().running();
  story.happens({ type: "authority-destroyed" }, { type: "federation-ended", cause: "torn-down", by: REQUESTER });
  assert.equal(isSettled(story.federation), false);
  const sites = [...story.federation.sites.keys()];
  for (const site of sites) story.happens({ type: "site-stopped", site });
  assert.equal(isSettled(story.federation), false);
  for (const { name: site, removals } of story.federation.sites.values())
    for (const { key } of removals) story.happens({ type: "deployment-removed", site, removal: key });
  assert.equal(isSettled(story.federation), true);
});
