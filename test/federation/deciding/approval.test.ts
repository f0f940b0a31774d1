import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expireProposals } from "../../../src/federation/deciding/approval.ts";
import { missingConsents } from "../../../src/federation/deciding/consent.ts";
import { cardId } from "../../../src/federation/model/identity.ts";
import { adjust, approve, reject, retry, withdraw } from "../../builders/commands.ts";
import { aZone, DAY, MINUTE, ownerOf, POLICY, REQUESTER, STRANGER, sitesOf } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aNetwork } from "../../builders/survey.ts";

const [first, second] = [ownerOf("beta", 1), ownerOf("beta", 2)];

/** Beta wants both of its owners to agree. */
const needsTwo = { sites: sitesOf([aZone("alpha"), aZone("beta", { quorum: 2 }), aZone("gamma")]) };
const NOTHING = { ok: true, events: [] };

describe("approving", () => {
  it("one owner is enough where the zone asks for one", () => {
    const story = aFederation().planned().approvedBy("beta");
    assert.equal(story.site("beta").approvalState, "approved");
    assert.equal(story.site("gamma").approvalState, "pending");
  });

  it("a quorum of two needs two different owners", () => {
    const story = aFederation({ context: needsTwo }).planned().approvedBy("beta", first);
    assert.equal(story.site("beta").approvalState, "pending");
    assert.equal(missingConsents(story.federation, story.site("beta"), "run", story.context), 1);
    assert.equal(story.refusalOf(approve("beta", first)), "already-decided");
    story.approvedBy("beta", second);
    assert.equal(story.site("beta").approvalState, "approved");
  });

  it("an approval beyond the quorum is recorded and approves nothing twice", () => {
    const story = aFederation().planned().approvedBy("beta", first);
    const { length } = story.recorded;
    assert.deepEqual(story.approvedBy("beta", second).typesSince(length), ["command-accepted", "consent-given"]);
  });

  it("a stranger, the requester and another zone's owner are refused", () => {
    const story = aFederation().planned();
    for (const person of [STRANGER, REQUESTER, ownerOf("gamma"), { ...first, team: REQUESTER.team }]) {
      for (const asked of [approve, reject, withdraw] as const) {
        assert.equal(story.refusalOf(asked("beta", person)), "not-an-owner");
      }
      assert.equal(story.refusalOf(adjust("beta", { superNodes: 1 }, person)), "not-an-owner");
    }
  });

  it("the coordinator's owner has no say over a site of the first plan", () => {
    const story = aFederation().planned();
    assert.equal(story.refusalOf(approve("beta", ownerOf("alpha"), "admit")), "not-an-owner");
    assert.equal(story.refusalOf(reject("beta", ownerOf("alpha"), "no", "admit")), "not-an-owner");
  });

  it("the vote of somebody who is no longer an owner does not count", () => {
    const story = aFederation({ context: needsTwo }).planned().approvedBy("beta", first);
    const others = aZone("beta", { quorum: 2, owners: [second, ownerOf("beta", 3)] });
    story.inContext({ sites: sitesOf([aZone("alpha"), others, aZone("gamma")]) }).approvedBy("beta", second);
    assert.equal(story.site("beta").approvalState, "pending");
    story.approvedBy("beta", ownerOf("beta", 3));
    assert.equal(story.site("beta").approvalState, "approved");
  });

  it("where the operator says so, a requester's own vote does not approve alone", () => {
    const context = { policy: { ...POLICY, requesterMayApproveAlone: false } };
    const story = aFederation({ requester: first, context }).planned().approvedBy("beta", first);
    assert.equal(story.site("beta").approvalState, "pending");
    story.approvedBy("beta", second);
    assert.equal(story.site("beta").approvalState, "approved");
  });

  it("otherwise a requester who owns the zone approves like any owner", () => {
    const story = aFederation({ requester: first }).planned().approvedBy("beta", first);
    assert.equal(story.site("beta").approvalState, "approved");
  });

  it("the same delivery again is the same approval, even after what it decided has moved on", () => {
    const story = aFederation().planned();
    const approval = approve("beta", first)(story);
    assert.deepEqual(story.does(approval).decides(approval), NOTHING);
    story.approved().trusted().joins("beta");
    assert.deepEqual(story.decides(approval), NOTHING);
  });

  it("a card that was never made is unknown", () => {
    const story = aFederation().planned();
    const card = cardId.parse("kzzzzzzzzzzzzzzz");
    assert.equal(story.refusalOf({ ...approve("beta")(story), card }), "unknown-card");
    assert.equal(story.refusalOf({ ...withdraw("beta")(story), card }), "unknown-card");
  });

  it("nothing can be decided once the wave has started or the federation has ended", () => {
    const story = aFederation().approved().begins("alpha");
    assert.equal(story.refusalOf(approve("alpha", ownerOf("alpha", 2))), "wave-started");
    assert.equal(story.refusalOf(reject("alpha")), "wave-started");
    const ended = aFederation().planned().does(reject("alpha"));
    assert.equal(ended.refusalOf(approve("beta")), "federation-ended");
  });

  it("that somebody tried what is not theirs is recorded once, and changes nothing else", () => {
    const story = aFederation().planned();
    const refused = story.decides(approve("beta", STRANGER));
    assert.ok("refusal" in refused);
    const [event] = refused.events;
    assert.ok(event?.type === "command-refused");
    assert.deepEqual([event.kind, event.by, event.card], ["approve", STRANGER, story.proposal("beta").card]);
    const { beta } = { beta: story.site("beta") };
    story.happens(...refused.events);
    assert.equal(story.site("beta"), beta);
    const again = story.decides(approve("beta", STRANGER));
    assert.deepEqual("refusal" in again ? again.events : again, []);
  });
});

describe("withdrawing", () => {
  it("takes an approval back until the wave starts", () => {
    const story = aFederation().approved().does(withdraw("alpha"));
    assert.equal(story.site("alpha").approvalState, "pending");
    story.approvedBy("alpha");
    assert.equal(story.site("alpha").approvalState, "approved");
    assert.equal(story.begins("alpha").refusalOf(withdraw("alpha")), "wave-started");
  });

  it("needs a decision of one's own", () => {
    assert.equal(aFederation().approved().refusalOf(withdraw("beta", second)), "nothing-to-withdraw");
  });

  it("delivered again is one withdrawal, even when the owner has approved anew meanwhile", () => {
    const story = aFederation().approved();
    const withdrawal = withdraw("beta")(story);
    assert.deepEqual(story.does(withdrawal).approvedBy("beta").decides(withdrawal), NOTHING);
  });

  it("leaves the site approved while enough others agree", () => {
    const story = aFederation().planned().approvedBy("beta", first).approvedBy("beta", second);
    assert.equal(story.does(withdraw("beta", first)).site("beta").approvalState, "approved");
    assert.equal(story.does(withdraw("beta", second)).site("beta").approvalState, "pending");
  });

  it("does not bring a rejected site back", () => {
    const story = aFederation({ context: needsTwo }).planned().approvedBy("beta", first).does(reject("beta", second));
    assert.equal(story.refusalOf(withdraw("beta", first)), "not-open");
    assert.equal(story.site("beta").approvalState, "excluded");
  });
});

describe("rejecting", () => {
  it("leaves a training site out, says why, and the rest goes on while enough sites remain", () => {
    const story = aFederation()
      .planned()
      .does(reject("gamma", ownerOf("gamma"), "our ethics board meets in May"));
    assert.equal(story.site("gamma").excluded, "rejected");
    assert.equal(story.site("gamma").refusal?.because, "our ethics board meets in May");
    assert.equal(story.federation.ended, null);
    assert.equal(story.refusalOf(approve("gamma")), "not-open");
    assert.equal(story.running().status("beta"), "up");
  });

  it("by one owner outweighs the approvals of the others", () => {
    const story = aFederation().planned().approvedBy("beta", first).does(reject("beta", second));
    assert.equal(story.site("beta").approvalState, "excluded");
  });

  it("ends the request when it is the coordinator", () => {
    assert.equal(aFederation().planned().does(reject("alpha")).federation.ended?.cause, "coordinator-rejected");
  });

  it("ends the request when too few sites remain", () => {
    const story = aFederation({ minimumTrainingSites: 2 }).planned().does(reject("gamma"));
    assert.equal(story.federation.ended?.cause, "too-few-sites");
  });

  it("delivered again is one rejection", () => {
    const story = aFederation().planned();
    const rejection = reject("gamma")(story);
    assert.deepEqual(story.does(rejection).decides(rejection), NOTHING);
  });
});

describe("expiry", () => {
  const expires = (story: Story): Story => story.takes(expireProposals(story.federation, story.context));

  it("leaves out who has not decided after seven days, and refuses what comes later", () => {
    const story = aFederation().planned().approvedBy("alpha").approvedBy("beta");
    story.passes(7 * DAY - MINUTE);
    assert.deepEqual(expireProposals(story.federation, story.context), NOTHING);
    story.passes(MINUTE);
    assert.equal(story.refusalOf(approve("gamma")), "expired");
    expires(story);
    assert.equal(story.site("gamma").excluded, "expired");
    assert.equal(story.site("beta").approvalState, "approved");
    assert.equal(story.federation.ended, null);
  });

  it("ends the request once, when nobody has decided", () => {
    const story = expires(
      aFederation()
        .planned()
        .passes(8 * DAY),
    );
    assert.equal(story.federation.ended?.cause, "coordinator-expired");
    assert.equal(story.recorded.filter(({ event }) => event.type === "federation-ended").length, 1);
    assert.deepEqual(expireProposals(story.federation, story.context), NOTHING);
  });

  it("ends the request when the expired sites leave too few", () => {
    const story = expires(
      aFederation()
        .planned()
        .approvedBy("alpha")
        .passes(8 * DAY),
    );
    assert.equal(story.federation.ended?.cause, "too-few-sites");
  });

  it("ends a request that could not be planned in that time", () => {
    const story = aFederation().hides("beta", { code: "template-missing", detail: "it" }).planned();
    assert.deepEqual(story.passes(7 * DAY).due(), ["expire"]);
    assert.notEqual(expires(story).federation.ended, null);
  });
});

/** The coordinator runs and its zone has changed: a retry asks its owner anew, beside what runs. */
function askedAnew(): Story {
  const story = aFederation().running();
  story.zone("alpha").changeVm(story.vm("alpha").vmId, (vm) => ({ ...vm, state: "failed" }));
  story.shows("alpha", (usual) => ({ ...usual, network: aNetwork({ id: 30 }) }));
  return story.watches("alpha", 40).does(retry("alpha")).begins("alpha");
}

describe("a site that runs and is asked about another version", () => {
  it("goes on as it is while its owners decide", () => {
    const story = askedAnew();
    assert.equal(story.site("alpha").approvalState, "pending");
    assert.equal(story.proposal("alpha").cause, "zone-changed");
    assert.equal(story.deployment("alpha").attempt, 1);
    assert.notEqual(story.deployment("alpha").digest, story.proposal("alpha").digest);
    assert.deepEqual(story.site("alpha").removals, []);
  });

  it("is never left out for not being decided: the newer version is dropped, and what runs goes on", () => {
    const story = askedAnew().passes(8 * DAY);
    assert.ok(story.due().includes("expire"));
    const { length } = story.recorded;
    story.takes(expireProposals(story.federation, story.context));
    assert.deepEqual(story.typesSince(length), ["proposal-dropped"]);
    assert.equal(story.site("alpha").approvalState, "approved");
    assert.equal(story.proposal("alpha").digest, story.deployment("alpha").digest);
    assert.equal(story.federation.ended, null);
  });

  it("is never left out for being rejected either, and can be retried once the zone is as it was", () => {
    const story = askedAnew().does(reject("alpha"));
    assert.equal(story.recorded.at(-1)?.event.type, "proposal-dropped");
    assert.equal(story.federation.ended, null);
    story.shows("alpha", (usual) => usual).does(retry("alpha"));
    assert.deepEqual(story.due(), ["begin alpha"]);
    assert.equal(story.trusted().deployment("alpha").attempt, 2);
  });

  it("is never replaced by a version that was rejected, however many were asked about", () => {
    const story = askedAnew();
    for (let nth = 0; nth < 40; nth += 1) {
      const network = nth % 2 === 0 ? { network: "research" } : { network: "public" };
      story
        .shows("alpha", (usual) => ({ ...usual, network: aNetwork({ id: 31 + nth }) }))
        .does(adjust("alpha", network));
    }
    story.does(reject("alpha"));
    assert.equal(story.proposal("alpha").digest, story.deployment("alpha").digest);
    assert.deepEqual(story.due(), []);
    assert.ok(story.site("alpha").proposals.length <= 30);
  });

  it("that was approved and then rejected can be approved when it is asked about again", () => {
    const story = askedAnew()
      .approvedBy("alpha")
      .does(reject("alpha", ownerOf("alpha", 2)));
    story.does(retry("alpha")).begins("alpha");
    assert.equal(story.site("alpha").approvalState, "pending");
    assert.equal(story.approvedBy("alpha").site("alpha").approvalState, "approved");
  });

  it("is replaced by the same again when its zone is as it was, and nobody is asked for what they agreed to", () => {
    const story = askedAnew().approvedBy("alpha");
    const { digest } = story.deployment("alpha");
    story.shows("alpha", (usual) => usual).begins("alpha");
    assert.equal(story.site("alpha").approvalState, "approved");
    assert.deepEqual(story.due(), ["begin alpha"]);
    story.begins("alpha");
    assert.deepEqual([story.deployment("alpha").attempt, story.deployment("alpha").digest], [2, digest]);
  });

  it("can be agreed to anew when those who agreed are no owners any more", () => {
    const story = askedAnew().approvedBy("alpha");
    const others = aZone("alpha", { owners: [ownerOf("alpha", 3)] });
    story.inContext({ sites: sitesOf([others, aZone("beta"), aZone("gamma")]) }).shows("alpha", (usual) => usual);
    story.begins("alpha");
    assert.equal(story.site("alpha").approvalState, "pending");
    story.approvedBy("alpha", ownerOf("alpha", 3));
    assert.deepEqual(story.due(), ["begin alpha"]);
  });

  it("is replaced once the newer version is approved", () => {
    const story = askedAnew().approvedBy("alpha");
    assert.deepEqual(story.due(), ["begin alpha"]);
    story.begins("alpha");
    assert.equal(story.deployment("alpha").attempt, 2);
    assert.equal(story.site("alpha").removals[0]?.cause, "retry");
  });
});
