import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Subject } from "../../../src/federation/model/conditions.ts";
import type { EventOf } from "../../../src/federation/model/events.ts";
import { federationCard } from "../../../src/slack/blocks/federation-card.ts";
import { phaseOf } from "../../../src/slack/blocks/phase.ts";
import { progressText, siteProgress } from "../../../src/slack/blocks/progress.ts";
import { siteButtons } from "../../../src/slack/blocks/site-buttons.ts";
import { ACTION } from "../../../src/slack/names.ts";
import { retire } from "../../builders/commands.ts";
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

describe("what a federation's card says once its last training site is retired", () => {
  it("is that it runs without one, and what can be done: both steps have their button", () => {
    const story = aFederation().running().does(retire("beta")).removes("beta").does(retire("gamma")).removes("gamma");
    assert.equal(story.federation.ended, null);
    const { text, blocks } = federationCard(story.federation, { directory: story.context, planBlock: true });
    const next = "Running without a training site: add one, or ask for a teardown.";
    assert.ok(text.includes(next), text);
    const shown = JSON.stringify(blocks);
    assert.ok(shown.includes(next), shown);
    for (const action of [ACTION.addSite, ACTION.askTeardown]) assert.ok(shown.includes(`"action_id":"${action}"`));
    assert.equal(sentenceAt(story, "alpha"), "Serves. Its address and CA are as planned.");
  });
});

/** As looks have it journalled: it came, went and came again, and may be well at this moment. */
function comesAndGoes(
  story: Story,
  code: EventOf<"condition-raised">["code"],
  subject: Subject,
  extent: EventOf<"condition-raised">["extent"],
): Story {
  const since = story.context.now;
  story.happens({ type: "condition-raised", subject, code, detail: "", vmIds: [], extent, since });
  story.happens({ type: "condition-cleared", subject, code });
  return story.happens({ type: "condition-flapping", subject, code, count: 12, since });
}

const at = (name: string): Subject => ({ kind: "site", site: zone(name) });

describe("what is said of what keeps coming and going", () => {
  const readAt = (story: Story, name: string): string =>
    progressText(siteProgress(story.federation, story.site(name), story.context));

  it("is no count that it may not have now: how few SuperNodes there were at times, since when and how often", () => {
    const story = comesAndGoes(aFederation().running(), "supernodes-offline", at("beta"), { online: 1, expected: 2 });
    assert.match(
      readAt(story, "beta"),
      /^Unsteady: at times only 1 of 2 SuperNodes online\. Since .*, 12 times, keeps coming and going\.$/,
    );
    assert.equal(phaseOf(story.federation), "Running: 1 of 2 training sites up, 1 unsteady.");
    const none = comesAndGoes(aFederation().running(), "supernodes-offline", at("beta"), { online: 0, expected: 2 });
    assert.match(readAt(none, "beta"), /^Unsteady: at times no SuperNode online\. Since/);
  });

  it("is the same while the coordinator's zone cannot be seen", () => {
    const story = comesAndGoes(aFederation().running(), "supernodes-offline", at("beta"), { online: 1, expected: 2 });
    for (let second = 0; second < 40; second += 1) story.losesSightOf("alpha");
    assert.match(readAt(story, "beta"), /Known from before: at times only 1 of 2 SuperNodes online\.$/);
  });

  it("is that the SuperLink does not serve at times, not that it does not", () => {
    const story = comesAndGoes(aFederation().running(), "superlink-down", at("alpha"), { online: 0, expected: 1 });
    assert.match(readAt(story, "alpha"), /^Unsteady: at times the SuperLink does not serve\. Since .*, 12 times/);
    assert.equal(phaseOf(story.federation), "At times the SuperLink does not serve: 2 of 2 training sites up.");
  });

  it("is that at times its zone cannot be looked at, not that what is shown is old", () => {
    const gamma: Subject = { kind: "zone", zone: zone("gamma") };
    const story = comesAndGoes(aFederation().running(), "zone-away", gamma, null);
    assert.match(
      readAt(story, "gamma"),
      /^At times its zone cannot be looked at\. Last known: 2 of 2 SuperNodes online\./,
    );
    const alpha: Subject = { kind: "zone", zone: zone("alpha") };
    const other = comesAndGoes(aFederation().running(), "zone-away", alpha, null);
    assert.match(readAt(other, "gamma"), /^At times the coordinator's zone cannot be looked at\. Last known: 2 of 2/);
  });

  it("lets its owner try the site again, and warns that something of it may serve", () => {
    const story = comesAndGoes(aFederation().running(), "supernodes-offline", at("beta"), { online: 0, expected: 2 });
    const site = story.site("beta");
    const proposal = site.proposals.at(-1);
    assert.ok(proposal !== undefined);
    const retry = siteButtons(story.federation, site, proposal, true).find(
      ({ action_id }) => action_id === ACTION.retry,
    );
    assert.equal(retry?.style, "danger");
  });
});
