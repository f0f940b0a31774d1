import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  expireProposals,
  giveConsent,
  refuseConsent,
  withdrawConsent,
} from "../../../src/federation/deciding/approval.ts";
import { missingConsents } from "../../../src/federation/deciding/consent.ts";
import type { Decision } from "../../../src/federation/model/decision.ts";
import { cardId } from "../../../src/federation/model/identity.ts";
import { adjustProposal } from "../../../src/federation/proposing/proposal.ts";
import { aZone, DAY, MINUTE, ownerOf, POLICY, REQUESTER, STRANGER, zonesOf } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const [first, second] = [ownerOf("beta", 1), ownerOf("beta", 2)];

/** Beta wants both of its owners to agree. */
const needsTwo = { zones: zonesOf([aZone("alpha"), aZone("beta", { quorum: 2 }), aZone("gamma")]) };

const consent = (story: Story, ...vote: Parameters<Story["ballot"]>): Decision =>
  giveConsent(story.federation, story.context, story.ballot(...vote));
const reject = (story: Story, name: string, by = ownerOf(name), because = "not this week"): Decision =>
  refuseConsent(story.federation, story.context, { ...story.ballot(name, by), because });
const withdraw = (story: Story, name: string, by = ownerOf(name)): Decision =>
  withdrawConsent(story.federation, story.context, story.ballot(name, by));
const adjust = (story: Story, name: string, superNodes: number, by = ownerOf(name)) =>
  adjustProposal(story.federation, story.context, story.ballot(name, by), { superNodes }, story.look(name));

const refusalOf = (decision: { readonly ok: boolean }): unknown => ("refusal" in decision ? decision.refusal : "none");
const typesOf = (decision: Decision): readonly string[] =>
  decision.ok ? decision.events.map(({ type }) => type) : [decision.refusal];

describe("approving", () => {
  it("one owner is enough where the zone asks for one", () => {
    const story = aFederation().planned().approvedBy("beta");
    assert.equal(story.site("beta").standing, "approved");
    assert.equal(story.site("gamma").standing, "asking");
  });

  it("a quorum of two needs two different owners", () => {
    const story = aFederation({ context: needsTwo }).planned().approvedBy("beta", first);
    assert.equal(story.site("beta").standing, "asking");
    assert.equal(missingConsents(story.federation, story.site("beta"), "run", story.context), 1);
    assert.equal(refusalOf(consent(story, "beta", first)), "already-decided");
    story.approvedBy("beta", second);
    assert.equal(story.site("beta").standing, "approved");
  });

  it("an approval beyond the quorum is recorded and approves nothing twice", () => {
    const story = aFederation().planned().approvedBy("beta", first);
    assert.deepEqual(typesOf(consent(story, "beta", second)), ["consent-given"]);
  });

  it("a stranger, the requester and another zone's owner are refused", () => {
    const story = aFederation().planned();
    for (const person of [STRANGER, REQUESTER, ownerOf("gamma"), { ...first, team: REQUESTER.team }]) {
      assert.equal(refusalOf(consent(story, "beta", person)), "not-an-owner");
      assert.equal(refusalOf(reject(story, "beta", person)), "not-an-owner");
      assert.equal(refusalOf(withdraw(story, "beta", person)), "not-an-owner");
      assert.equal(refusalOf(adjust(story, "beta", 1, person)), "not-an-owner");
    }
  });

  it("the coordinator's owner has no say over a site of the first plan", () => {
    const story = aFederation().planned();
    const ballot = story.ballot("beta", ownerOf("alpha"), "admit");
    assert.equal(refusalOf(giveConsent(story.federation, story.context, ballot)), "not-an-owner");
    assert.equal(
      refusalOf(refuseConsent(story.federation, story.context, { ...ballot, because: "no" })),
      "not-an-owner",
    );
  });

  it("the vote of somebody who is no longer an owner does not count", () => {
    const story = aFederation({ context: needsTwo }).planned().approvedBy("beta", first);
    story.inContext({
      zones: zonesOf([
        aZone("alpha"),
        aZone("beta", { quorum: 2, owners: [second, ownerOf("beta", 3)] }),
        aZone("gamma"),
      ]),
    });
    story.approvedBy("beta", second);
    assert.equal(story.site("beta").standing, "asking");
    story.approvedBy("beta", ownerOf("beta", 3));
    assert.equal(story.site("beta").standing, "approved");
  });

  it("where the operator says so, a requester's own vote does not approve alone", () => {
    const context = { policy: { ...POLICY, requesterMayApproveAlone: false } };
    const story = aFederation({ requester: first, context }).planned().approvedBy("beta", first);
    assert.equal(story.site("beta").standing, "asking");
    story.approvedBy("beta", second);
    assert.equal(story.site("beta").standing, "approved");
  });

  it("otherwise a requester who owns the zone approves like any owner", () => {
    assert.equal(
      aFederation({ requester: first }).planned().approvedBy("beta", first).site("beta").standing,
      "approved",
    );
  });

  it("the same decision delivered again is the same decision, even after what it decided has moved on", () => {
    const story = aFederation().planned();
    const ballot = story.ballot("beta", first);
    story.takes(giveConsent(story.federation, story.context, ballot));
    assert.deepEqual(giveConsent(story.federation, story.context, ballot), { ok: true, events: [] });
    story.approved().trusted().joins("beta");
    assert.deepEqual(giveConsent(story.federation, story.context, ballot), { ok: true, events: [] });
  });

  it("a card that was never made is unknown", () => {
    const story = aFederation().planned();
    const ballot = { ...story.ballot("beta"), card: cardId.parse("kzzzzzzzzzzzzzzz") };
    assert.equal(refusalOf(giveConsent(story.federation, story.context, ballot)), "unknown-card");
    assert.equal(refusalOf(withdrawConsent(story.federation, story.context, ballot)), "unknown-card");
  });

  it("nothing can be decided once the wave has started or the federation has ended", () => {
    const story = aFederation().approved().begins("alpha");
    assert.equal(refusalOf(consent(story, "alpha", ownerOf("alpha", 2))), "wave-started");
    assert.equal(refusalOf(reject(story, "alpha")), "wave-started");
    const ended = aFederation().planned();
    ended.takes(reject(ended, "alpha"));
    assert.equal(refusalOf(consent(ended, "beta")), "federation-ended");
  });
});

describe("withdrawing", () => {
  it("takes an approval back until the wave starts", () => {
    const story = aFederation().approved();
    story.takes(withdraw(story, "alpha"));
    assert.equal(story.site("alpha").standing, "asking");
    story.approvedBy("alpha");
    assert.equal(story.site("alpha").standing, "approved");
    story.begins("alpha");
    assert.equal(refusalOf(withdraw(story, "alpha")), "wave-started");
  });

  it("needs a decision of one's own", () => {
    const story = aFederation().approved();
    assert.equal(refusalOf(withdraw(story, "beta", second)), "nothing-to-withdraw");
  });

  it("delivered again is one withdrawal, even when the owner has approved anew meanwhile", () => {
    const story = aFederation().approved();
    const ballot = story.ballot("beta");
    story.takes(withdrawConsent(story.federation, story.context, ballot)).approvedBy("beta");
    assert.deepEqual(withdrawConsent(story.federation, story.context, ballot), { ok: true, events: [] });
  });

  it("leaves the site approved while enough others agree", () => {
    const story = aFederation().planned().approvedBy("beta", first).approvedBy("beta", second);
    story.takes(withdraw(story, "beta", first));
    assert.equal(story.site("beta").standing, "approved");
    story.takes(withdraw(story, "beta", second));
    assert.equal(story.site("beta").standing, "asking");
  });

  it("does not bring a rejected site back", () => {
    const story = aFederation({ context: needsTwo }).planned().approvedBy("beta", first);
    story.takes(reject(story, "beta", second));
    assert.equal(refusalOf(withdraw(story, "beta", first)), "not-open");
    assert.equal(story.site("beta").standing, "left-out");
  });
});

describe("rejecting", () => {
  it("leaves a training site out, says why, and the rest goes on while enough sites remain", () => {
    const story = aFederation().planned();
    story.takes(reject(story, "gamma", ownerOf("gamma"), "our ethics board meets in May"));
    assert.equal(story.site("gamma").leftOut, "rejected");
    assert.equal(story.site("gamma").refusal?.because, "our ethics board meets in May");
    assert.equal(story.federation.ended, null);
    assert.equal(refusalOf(consent(story, "gamma")), "not-open");
    assert.equal(story.running().site("beta").status, "up");
  });

  it("by one owner outweighs the approvals of the others", () => {
    const story = aFederation().planned().approvedBy("beta", first);
    story.takes(reject(story, "beta", second));
    assert.equal(story.site("beta").standing, "left-out");
  });

  it("ends the request when it is the coordinator", () => {
    const story = aFederation().planned();
    story.takes(reject(story, "alpha"));
    assert.equal(story.federation.ended?.cause, "coordinator-rejected");
  });

  it("ends the request when too few sites remain", () => {
    const story = aFederation({ minimumTrainingSites: 2 }).planned();
    story.takes(reject(story, "gamma"));
    assert.equal(story.federation.ended?.cause, "too-few-sites");
  });

  it("delivered again is one rejection", () => {
    const story = aFederation().planned();
    const ballot = { ...story.ballot("gamma"), because: "no" };
    story.takes(refuseConsent(story.federation, story.context, ballot));
    assert.deepEqual(refuseConsent(story.federation, story.context, ballot), { ok: true, events: [] });
  });
});

describe("expiry", () => {
  it("leaves out who has not decided after seven days, and refuses what comes later", () => {
    const story = aFederation().planned().approvedBy("alpha").approvedBy("beta");
    story.passes(7 * DAY - MINUTE);
    assert.deepEqual(expireProposals(story.federation, story.context), { ok: true, events: [] });
    story.passes(MINUTE);
    assert.equal(refusalOf(consent(story, "gamma")), "expired");
    story.takes(expireProposals(story.federation, story.context));
    assert.equal(story.site("gamma").leftOut, "expired");
    assert.equal(story.site("beta").standing, "approved");
    assert.equal(story.federation.ended, null);
  });

  it("ends the request once, when nobody has decided", () => {
    const story = aFederation()
      .planned()
      .passes(8 * DAY);
    story.takes(expireProposals(story.federation, story.context));
    assert.equal(story.federation.ended?.cause, "coordinator-expired");
    assert.equal(story.recorded.filter(({ event }) => event.type === "federation-ended").length, 1);
    assert.deepEqual(expireProposals(story.federation, story.context), { ok: true, events: [] });
  });

  it("ends the request when the expired sites leave too few", () => {
    const story = aFederation()
      .planned()
      .approvedBy("alpha")
      .passes(8 * DAY);
    story.takes(expireProposals(story.federation, story.context));
    assert.equal(story.federation.ended?.cause, "too-few-sites");
  });
});
