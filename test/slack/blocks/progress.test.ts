import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { phaseOf } from "../../../src/slack/blocks/phase.ts";
import { siteProgress } from "../../../src/slack/blocks/progress.ts";
import { zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const sentenceAt = (story: Story, name: string): string =>
  siteProgress(story.federation, story.site(name), story.context).sentence;

const disabled = (story: Story, name: string): Story => story.shows(name, (usual) => ({ ...usual, disabled: true }));

describe("what a site's card says of it", () => {
  it("is that it waits for another zone, where nothing is wrong in its own", () => {
    const story = disabled(aFederation(), "beta").planned();
    assert.match(sentenceAt(story, "beta"), /^The zone is disabled in its OpenNebula/);
    assert.equal(
      sentenceAt(story, "gamma"),
      "Nothing is wrong in its zone. It waits for the zones that have a problem.",
    );
    assert.match(phaseOf(story.federation), /^Stopped before anybody was asked: a zone has a problem/);
  });

  it("is that its zone is being looked at only while it is", () => {
    assert.equal(sentenceAt(aFederation(), "gamma"), "Its zone is being looked at.");
  });

  it("is not that nobody was asked, once all have approved and a zone is in the way", () => {
    const story = disabled(aFederation().approved(), "alpha").begins("alpha");
    assert.match(phaseOf(story.federation), /^Waits: a zone has a problem/);
    assert.match(sentenceAt(story, "alpha"), /^The zone is disabled/);
  });

  it("is that OneFlow has made no VM, for as long as none has come", () => {
    const story = aFederation().approved().begins("alpha").creates("alpha");
    assert.equal(sentenceAt(story, "alpha"), "OneFlow has been asked, and has made no VM yet.");
    assert.equal(sentenceAt(story.observes("alpha"), "alpha"), "Its VM is starting.");
  });

  it("is what keeps it from being created, not that it could not be tried again", () => {
    const problems = [{ code: "zone-disabled", detail: "" } as const];
    const story = aFederation().approved().begins("alpha");
    story.happens({ type: "preflight-failed", site: zone("alpha"), problems });
    assert.match(sentenceAt(story, "alpha"), /It cannot be created yet: The zone is disabled/);
  });
});
