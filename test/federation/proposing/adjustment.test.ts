import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { giveConsent, refuseConsent } from "../../../src/federation/deciding/approval.ts";
import { adjustProposal } from "../../../src/federation/proposing/proposal.ts";
import { aZone, ownerOf, zonesOf } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aNetwork } from "../../builders/survey.ts";

const [first, second] = [ownerOf("beta", 1), ownerOf("beta", 2)];

/** Beta wants both of its owners to agree. */
const needsTwo = { zones: zonesOf([aZone("alpha"), aZone("beta", { quorum: 2 }), aZone("gamma")]) };

const adjust = (story: Story, name: string, superNodes: number, by = ownerOf(name)) =>
  adjustProposal(story.federation, story.context, story.ballot(name, by), { superNodes }, story.look(name));

const refusalOf = (decision: { readonly ok: boolean }): unknown => ("refusal" in decision ? decision.refusal : "none");

describe("adjusting", () => {
  it("is the owner's own version and own vote, and voids earlier votes on the site", () => {
    const story = aFederation({ context: needsTwo }).planned().approvedBy("beta", second);
    const before = story.proposal("beta");
    story.takes(adjust(story, "beta", 1, first));
    assert.notEqual(story.proposal("beta").digest, before.digest);
    assert.equal(story.proposal("beta").plan.vms, 1);
    assert.deepEqual(story.proposal("beta").by, first);
    assert.deepEqual(
      story.site("beta").consents.map(({ by }) => by),
      [first],
    );
    story.approvedBy("beta", second);
    assert.equal(story.site("beta").standing, "approved");
  });

  it("approves at once where one owner is enough, and touches nobody else's plan", () => {
    const story = aFederation().approved();
    const others = ["alpha", "gamma"].map((name) => story.site(name));
    story.takes(adjust(story, "beta", 1));
    assert.equal(story.site("beta").standing, "approved");
    assert.deepEqual(
      ["alpha", "gamma"].map((name) => story.site(name)),
      others,
    );
  });

  it("supersedes the card: who decides on the older one is sent to the newer", () => {
    const story = aFederation({ context: needsTwo }).planned();
    const older = story.ballot("beta", second);
    story.takes(adjust(story, "beta", 1, first));
    assert.equal(refusalOf(giveConsent(story.federation, story.context, older)), "card-superseded");
    assert.equal(
      refusalOf(refuseConsent(story.federation, story.context, { ...older, because: "no" })),
      "card-superseded",
    );
  });

  it("delivered again is one decision", () => {
    const story = aFederation().planned();
    const ballot = story.ballot("beta");
    const again = () => adjustProposal(story.federation, story.context, ballot, { superNodes: 1 }, story.look("beta"));
    story.takes(again());
    assert.deepEqual(again(), { ok: true, events: [] });
  });

  it("with nothing changed is an approval of what was asked", () => {
    const story = aFederation().planned();
    const { digest } = story.proposal("beta");
    story.takes(adjust(story, "beta", 2));
    assert.equal(story.site("beta").proposals.length, 1);
    assert.deepEqual(
      story.site("beta").consents.map((given) => given.digest),
      [digest],
    );
  });

  it("lowers the number of SuperNodes and never raises it", () => {
    const story = aFederation().planned();
    assert.equal(refusalOf(adjust(story, "beta", 3)), "more-supernodes");
  });

  it("takes another template, network or data path only as the zones file offers", () => {
    const story = aFederation().planned();
    const choose = (adjustment: Parameters<typeof adjustProposal>[3]) =>
      adjustProposal(story.federation, story.context, story.ballot("beta"), adjustment, story.look("beta"));
    assert.equal(refusalOf(choose({ template: "Windows" })), "not-an-alternative");
    assert.equal(refusalOf(choose({ template: "Flower SuperLink" })), "not-an-alternative");
    assert.equal(refusalOf(choose({ network: 77 })), "not-an-alternative");
    assert.equal(choose({ template: "Flower SuperNode large", network: "research" }).ok, true);
    assert.deepEqual(choose({ dataPath: "/data/$(id)" }), {
      ok: false,
      problems: [{ code: "value-not-allowed", detail: "data-path" }],
    });
    story.takes(choose({ dataPath: "/srv/cohort 2" }));
    assert.deepEqual(story.proposal("beta").plan.nodeConfig, { "data-path": "/srv/cohort 2" });
  });

  it("by the coordinator's owner who takes another network moves the address, and everybody is asked again", () => {
    const story = aFederation().planned().approvedBy("beta");
    const research = aNetwork({ id: 4, name: "research", ranges: [{ first: "198.51.100.7", last: "198.51.100.7" }] });
    story.shows("alpha", (usual) => ({ ...usual, network: research }));
    const ballot = story.ballot("alpha");
    story.takes(adjustProposal(story.federation, story.context, ballot, { network: "research" }, story.look("alpha")));
    assert.deepEqual(
      ["alpha", "beta", "gamma"].map((name) => [story.proposal(name).plan.dialled.host, story.site(name).standing]),
      [
        ["198.51.100.7", "approved"],
        ["198.51.100.7", "asking"],
        ["198.51.100.7", "asking"],
      ],
    );
  });

  it("by the coordinator's owner to a network without the address that was given asks nobody else again", () => {
    const address = { kind: "given", host: "203.0.113.30", port: 9092 } as const;
    const story = aFederation({ address }).planned().approvedBy("beta");
    const research = aNetwork({ id: 4, ranges: [{ first: "198.51.100.7", last: "198.51.100.9" }] });
    story.shows("alpha", (usual) => ({ ...usual, network: research }));
    const ballot = story.ballot("alpha");
    story.takes(adjustProposal(story.federation, story.context, ballot, { network: "research" }, story.look("alpha")));
    assert.equal(story.proposal("alpha").plan.network.address, null);
    assert.equal(story.site("beta").standing, "approved");
  });

  it("is refused with everything that the zone lacks for it", () => {
    const story = aFederation().planned();
    story.shows("beta", (usual) => ({ ...usual, headroom: { ...usual.headroom, cpu: 1, memory: 1 } }));
    const decision = adjust(story, "beta", 1);
    assert.deepEqual("problems" in decision ? decision.problems.map(({ code }) => code) : decision, [
      "quota-cpu",
      "quota-memory",
    ]);
  });

  it("another zone's owner cannot adjust a site by claiming to admit it", () => {
    const story = aFederation().planned();
    const ballot = story.ballot("beta", ownerOf("alpha"), "admit");
    const decision = adjustProposal(story.federation, story.context, ballot, { superNodes: 1 }, story.look("beta"));
    assert.equal(refusalOf(decision), "not-an-owner");
  });
});
