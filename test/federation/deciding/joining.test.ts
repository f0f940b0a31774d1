import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expireProposals } from "../../../src/federation/deciding/approval.ts";
import { MAX_SUPERNODES } from "../../../src/federation/model/limits.ts";
import { proposeSites } from "../../../src/federation/proposing/proposal.ts";
import { adjust, approve, reject, requestSite, retire, retry } from "../../builders/commands.ts";
import { aZone, DAY, ownerOf, sitesOf, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const zones = sitesOf(["alpha", "beta", "gamma", "delta", "epsilon"].map((name) => aZone(name)));
const running = (): Story => aFederation({ context: { sites: zones } }).running();
const IMAGE = { code: "image-missing", detail: "Flower SuperNode" } as const;
const fails = (story: Story, name: string): Story =>
  story.happens({ type: "site-failed", site: zone(name), reason: { code: "deployment-failed", detail: "quota" } });

describe("adding a site to a running federation", () => {
  const asked = (): Story => running().does(requestSite("delta", 1)).planned();

  it("asks its owner to run it and the coordinator's owner to admit it; both are needed", () => {
    const story = asked().approvedBy("delta", ownerOf("delta"), "run");
    assert.equal(story.site("delta").approvalState, "pending");
    story.approvedBy("delta", ownerOf("alpha"), "admit");
    assert.equal(story.site("delta").approvalState, "approved");
    assert.equal(story.joins("delta").status("delta"), "up");
  });

  it("the order of the two does not matter", () => {
    const story = asked().approvedBy("delta", ownerOf("alpha"), "admit").approvedBy("delta");
    assert.equal(story.site("delta").approvalState, "approved");
  });

  it("neither owner can give the other's consent", () => {
    const story = asked();
    for (const [name, consent] of [
      ["alpha", "run"],
      ["delta", "admit"],
      ["beta", "admit"],
    ] as const) {
      assert.equal(story.refusalOf(approve("delta", ownerOf(name), consent)), "not-an-owner");
    }
  });

  it("leaves the plans, consents and VMs of the others as they were", () => {
    const story = running();
    const others = ["alpha", "beta", "gamma"].map((name) => story.site(name));
    story.does(requestSite("delta")).planned().approvedBy("delta");
    assert.deepEqual(
      ["alpha", "beta", "gamma"].map((name) => story.site(name)),
      others,
    );
  });

  it("an adjusted site has to be admitted anew", () => {
    const story = running().does(requestSite("delta", 2)).planned();
    story.approvedBy("delta", ownerOf("alpha"), "admit").does(adjust("delta", { superNodes: 1 }));
    assert.equal(story.site("delta").approvalState, "pending");
    story.approvedBy("delta", ownerOf("alpha"), "admit");
    assert.equal(story.site("delta").approvalState, "approved");
  });

  it("a site that the coordinator's owner refuses is left out, and nothing else changes", () => {
    const story = asked().does(reject("delta", ownerOf("alpha"), "no agreement yet", "admit"));
    assert.equal(story.site("delta").excluded, "rejected");
    assert.equal(story.federation.ended, null);
    assert.equal(story.status("beta"), "up");
  });

  it("waits until the federation runs, and is refused for zones that are in it or unknown", () => {
    const early = aFederation({ context: { sites: zones } }).approved();
    assert.equal(early.refusalOf(requestSite("delta")), "federation-not-running");
    const story = running();
    assert.equal(story.refusalOf(requestSite("beta")), "zone-already-in");
    assert.equal(story.refusalOf(requestSite("alpha")), "zone-already-in");
    assert.equal(story.refusalOf(requestSite("omega")), "unknown-zone");
  });

  it("is refused where the SuperLink could not be told of all SuperNodes", () => {
    const many = Array.from({ length: MAX_SUPERNODES / 10 + 1 }, (_, nth) => `zone${nth}`);
    const context = { sites: sitesOf([...many, "another"].map((name) => aZone(name))) };
    const story = aFederation({ zones: many, superNodes: 10, context });
    story.happens({ type: "coordinator-verified", site: zone("zone0"), vmId: 1 });
    assert.equal(story.refusalOf(requestSite("another", 1)), "too-many-supernodes");
  });

  it("fits again where an owner lowered its number or a site has left", () => {
    const many = Array.from({ length: MAX_SUPERNODES / 10 + 1 }, (_, nth) => `zone${nth}`);
    const context = { sites: sitesOf([...many, "another"].map((name) => aZone(name))) };
    const story = aFederation({ zones: many, superNodes: 10, context }).planned();
    story.does(adjust("zone1", { superNodes: 9 }));
    story.happens({ type: "coordinator-verified", site: zone("zone0"), vmId: 1 });
    assert.equal(story.refusalOf(requestSite("another", 1)), null);
    assert.equal(story.refusalOf(requestSite("another", 2)), "too-many-supernodes");
    story.happens({ type: "site-excluded", site: zone("zone2"), cause: "rejected" });
    assert.equal(story.refusalOf(requestSite("another", 10)), null);
  });
});

describe("sites that join are planned one by one", () => {
  it("what is missing at one holds no other up", () => {
    const story = running().hides("delta", IMAGE).does(requestSite("delta")).planned();
    assert.deepEqual(story.does(requestSite("epsilon")).due(), ["propose-later epsilon"]);
    story.planned();
    assert.equal(story.site("epsilon").approvalState, "pending");
    assert.deepEqual(
      story.site("delta").problems.map(({ code }) => code),
      ["image-missing"],
    );
  });

  it("what is missing in a running site's zone holds no site up either", () => {
    const story = fails(running(), "beta").does(retry("beta")).hides("beta", IMAGE).begins("beta");
    assert.deepEqual(story.does(requestSite("delta")).due(), ["propose-later delta"]);
  });

  it("one asked for while others are looked at is not judged by a look that was not made", () => {
    const story = running().does(requestSite("delta"));
    const surveys = story.surveys();
    story.does(requestSite("epsilon"));
    assert.deepEqual(proposeSites(story.federation, surveys, story.context), { ok: true, events: [] });
    assert.deepEqual(story.site("epsilon").problems, []);
  });

  it("one that cannot be planned is out after as long as people have to decide, and can be asked again", () => {
    const story = running().hides("delta", IMAGE).does(requestSite("delta")).planned();
    assert.deepEqual(story.passes(7 * DAY).due(), ["expire"]);
    story.takes(expireProposals(story.federation, story.context));
    assert.equal(story.site("delta").excluded, "expired");
    assert.equal(story.federation.ended, null);
    assert.equal(story.refusalOf(requestSite("delta")), null);
  });

  it("one that was asked for and is not wanted any more is taken out by its owner", () => {
    const story = running().does(requestSite("delta")).planned().does(retire("delta"));
    assert.equal(story.site("delta").excluded, "retired");
  });
});
