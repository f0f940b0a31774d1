import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { giveConsent, refuseConsent } from "../../../src/federation/deciding/approval.ts";
import {
  cancelRequest,
  canRetry,
  requestSite,
  retireSite,
  retrySite,
} from "../../../src/federation/deciding/lifecycle.ts";
import { adjustProposal, beginAttempt } from "../../../src/federation/proposing/proposal.ts";
import { admittedKeys } from "../../../src/federation/running/admission.ts";
import { dueTasks } from "../../../src/federation/running/due-tasks.ts";
import { aZone, DAY, ownerOf, REQUESTER, STRANGER, zone, zoneNames, zonesOf } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aNetwork } from "../../builders/survey.ts";

const refusalOf = (decision: { readonly ok: boolean }): unknown => ("refusal" in decision ? decision.refusal : "none");
const fourZones = { zones: zonesOf(zoneNames(4).map((name) => aZone(name))) };

const asksFor = (story: Story, name: string, superNodes = 1) =>
  requestSite(story.federation, story.context, { zone: zone(name), role: "training", superNodes }, REQUESTER);
const retries = (story: Story, name: string, by = ownerOf(name)) =>
  retrySite(story.federation, story.context, zone(name), by);
const retires = (story: Story, name: string, by = ownerOf(name)) =>
  retireSite(story.federation, story.context, zone(name), by);
const begin = (story: Story, name: string) =>
  beginAttempt(story.federation, zone(name), story.look(name), story.context);
const begins = (story: Story, name: string): boolean =>
  dueTasks(story.federation, story.context).some((task) => task.kind === "begin" && task.site === name);
const fails = (story: Story, name: string): Story =>
  story.happens({ type: "site-failed", site: zone(name), reason: { code: "deployment-failed", detail: "quota" } });

/** The zone ends everything of the site that is to be removed. */
function removed(story: Story, name: string): Story {
  for (const { serviceId } of story.site(name).removals) {
    story.zone(name).removeService(serviceId);
    story.happens({ type: "service-removed", site: zone(name), serviceId });
  }
  return story;
}

describe("a federation", () => {
  it("is up when its SuperLink serves and sees every approved SuperNode", () => {
    const story = aFederation().running();
    assert.deepEqual(
      [...story.federation.sites.values()].map((site) => [site.zone, site.status, site.online]),
      [
        ["alpha", "up", 1],
        ["beta", "up", 2],
        ["gamma", "up", 2],
      ],
    );
  });
});

describe("cancelling", () => {
  it("is the requester's, while nothing has been created", () => {
    const story = aFederation().approved();
    assert.equal(refusalOf(cancelRequest(story.federation, ownerOf("alpha"))), "not-the-requester");
    const created = aFederation().approved().begins("alpha");
    assert.equal(refusalOf(cancelRequest(created.federation, REQUESTER)), "something-exists");
    story.takes(cancelRequest(story.federation, REQUESTER));
    assert.equal(story.federation.ended?.cause, "cancelled");
    assert.equal(refusalOf(cancelRequest(story.federation, REQUESTER)), "federation-ended");
  });
});

describe("adding a site to a running federation", () => {
  const asked = (): Story => {
    const story = aFederation({ context: fourZones }).running();
    return story.takes(asksFor(story, "delta")).planned();
  };

  it("asks its owner to run it and the coordinator's owner to admit it; both are needed", () => {
    const story = asked().approvedBy("delta", ownerOf("delta"), "run");
    assert.equal(story.site("delta").standing, "asking");
    story.approvedBy("delta", ownerOf("alpha"), "admit");
    assert.equal(story.site("delta").standing, "approved");
    assert.equal(story.joins("delta").site("delta").status, "up");
  });

  it("the order of the two does not matter", () => {
    const story = asked().approvedBy("delta", ownerOf("alpha"), "admit").approvedBy("delta");
    assert.equal(story.site("delta").standing, "approved");
  });

  it("neither owner can give the other's consent", () => {
    const story = asked();
    const vote = (name: string, kind: "run" | "admit") =>
      refusalOf(giveConsent(story.federation, story.context, story.ballot("delta", ownerOf(name), kind)));
    assert.equal(vote("alpha", "run"), "not-an-owner");
    assert.equal(vote("delta", "admit"), "not-an-owner");
    assert.equal(vote("beta", "admit"), "not-an-owner");
  });

  it("leaves the plans, consents and VMs of the others as they were", () => {
    const before = aFederation({ context: fourZones }).running();
    const untouched = ["alpha", "beta", "gamma"].map((name) => before.site(name));
    const story = before.takes(asksFor(before, "delta")).planned().approvedBy("delta");
    assert.deepEqual(
      ["alpha", "beta", "gamma"].map((name) => story.site(name)),
      untouched,
    );
  });

  it("an adjusted newcomer has to be admitted anew", () => {
    const story = aFederation({ context: fourZones }).running();
    story
      .takes(asksFor(story, "delta", 2))
      .planned()
      .approvedBy("delta", ownerOf("alpha"), "admit");
    const ballot = story.ballot("delta");
    story.takes(adjustProposal(story.federation, story.context, ballot, { superNodes: 1 }, story.look("delta")));
    assert.equal(story.site("delta").standing, "asking");
    story.approvedBy("delta", ownerOf("alpha"), "admit");
    assert.equal(story.site("delta").standing, "approved");
  });

  it("a newcomer whom the coordinator's owner refuses is left out, and nothing else changes", () => {
    const story = asked();
    const ballot = { ...story.ballot("delta", ownerOf("alpha"), "admit"), because: "no agreement yet" };
    story.takes(refuseConsent(story.federation, story.context, ballot));
    assert.equal(story.site("delta").leftOut, "rejected");
    assert.equal(story.federation.ended, null);
    assert.equal(story.site("beta").status, "up");
  });

  it("waits until the federation runs, and is refused for zones that are in it or unknown", () => {
    const early = aFederation({ context: fourZones }).approved();
    assert.equal(refusalOf(asksFor(early, "delta")), "federation-not-running");
    const story = aFederation({ context: fourZones }).running();
    assert.equal(refusalOf(asksFor(story, "beta")), "zone-already-in");
    assert.equal(refusalOf(asksFor(story, "alpha")), "zone-already-in");
    assert.equal(refusalOf(asksFor(story, "omega")), "unknown-zone");
  });

  it("the coordinator's zone stays the coordinator's, even when its owner did not agree to a change", () => {
    const story = aFederation({ context: fourZones }).running();
    fails(story, "alpha").takes(retries(story, "alpha"));
    removed(story, "alpha")
      .shows("alpha", (usual) => ({ ...usual, network: aNetwork({ id: 30 }) }))
      .begins("alpha");
    story.takes(refuseConsent(story.federation, story.context, { ...story.ballot("alpha"), because: "no" }));
    assert.equal(story.site("alpha").standing, "left-out");
    assert.equal(refusalOf(asksFor(story, "alpha")), "zone-already-in");
  });

  it("a site that was retired can be asked again, under a new card; its old one decides nothing", () => {
    const story = aFederation().running();
    const old = story.ballot("beta");
    const { attempts, sequences } = story.site("beta");
    removed(story.takes(retires(story, "beta")), "beta").takes(asksFor(story, "beta", 1));
    assert.equal(refusalOf(giveConsent(story.federation, story.context, old)), "card-superseded");
    story.planned();
    assert.equal(refusalOf(giveConsent(story.federation, story.context, old)), "card-superseded");
    story.approvedBy("beta").approvedBy("beta", ownerOf("alpha"), "admit").joins("beta");
    assert.equal(story.site("beta").status, "up");
    assert.deepEqual([story.site("beta").attempts, story.site("beta").sequences], [attempts + 1, sequences + 1]);
  });

  it("what is missing in another site's zone does not hold a newcomer up", () => {
    const story = aFederation({ context: fourZones }).running();
    fails(story, "beta").takes(retries(story, "beta"));
    removed(story, "beta")
      .shows("beta", (usual) => ({ ...usual, version: "6.10.0" }))
      .begins("beta");
    assert.equal(begins(story, "beta"), false);
    story.takes(asksFor(story, "delta"));
    assert.ok(dueTasks(story.federation, story.context).some(({ kind }) => kind === "propose"));
    story.planned();
    assert.equal(story.site("delta").standing, "asking");
    assert.deepEqual(
      story.federation.problems.map(({ site }) => site),
      ["beta"],
    );
  });
});

describe("retrying a site", () => {
  it("is its owner's, and only when something has gone wrong", () => {
    const story = aFederation().running();
    assert.equal(refusalOf(retries(story, "beta")), "nothing-to-retry");
    fails(story, "beta");
    assert.equal(refusalOf(retries(story, "beta", ownerOf("alpha"))), "not-an-owner");
    assert.equal(refusalOf(retries(story, "beta", STRANGER)), "not-an-owner");
    assert.equal(refusalOf(retries(story, "omega", STRANGER)), "unknown-card");
    assert.equal(retries(story, "beta").ok, true);
  });

  it("is offered for a site that failed, is degraded or down", () => {
    const story = aFederation().running();
    assert.equal(canRetry(story.site("beta")), false);
    story.zone("beta").removeVm(story.guest("beta", 0).vmId);
    assert.equal(canRetry(story.observes("beta").site("beta")), true);
    story.zone("beta").removeVm(story.guest("beta", 1).vmId);
    assert.equal(story.observes("beta").site("beta").status, "down");
    assert.equal(canRetry(story.site("beta")), true);
  });

  it("is offered for a site with a SuperNode whose key was not admitted, as soon as that is known", () => {
    const story = aFederation().running();
    const { vmId, sighting } = story.guest("beta", 0);
    const reason = { code: "key-proof" as const, detail: `VM ${vmId}` };
    story.happens({ type: "key-refused", site: zone("beta"), vmId, key: "somebody else's", reason });
    assert.equal(canRetry(story.site("beta")), false, "it publishes its own again");
    story.happens({ type: "key-refused", site: zone("beta"), vmId, key: sighting.key ?? "", reason });
    assert.equal(canRetry(story.site("beta")), true);
  });

  it("revokes the old keys, removes the old service, then starts a new attempt at the same plan", () => {
    const story = fails(aFederation().running(), "beta");
    const { digest } = story.proposal("beta");
    const serviceId = story.run("beta").serviceId;
    story.takes(retries(story, "beta"));
    assert.deepEqual(
      admittedKeys(story.federation).map(({ site }) => site),
      ["gamma", "gamma"],
    );
    assert.deepEqual(
      story.site("beta").removals.map((removal) => [removal.serviceId, removal.cause]),
      [[serviceId, "retry"]],
    );
    assert.equal(begins(story, "beta"), false);
    removed(story, "beta");
    assert.equal(begins(story, "beta"), true);
    story.joins("beta");
    assert.equal(story.run("beta").attempt, 2);
    assert.equal(story.proposal("beta").digest, digest);
    assert.equal(story.site("beta").status, "up");
  });

  it("of the coordinator keeps CA and address, and tells the new SuperLink every key anew", () => {
    const story = aFederation().running();
    const { authority, dialled } = story.federation;
    story.zone("alpha").removeVm(story.guest("alpha").vmId);
    story.observes("alpha");
    assert.deepEqual(
      [...story.federation.sites.values()].map(({ status }) => status),
      ["down", "down", "down"],
    );
    removed(story.takes(retries(story, "alpha")), "alpha").trusted();
    assert.deepEqual([story.federation.authority, story.federation.dialled], [authority, dialled]);
    assert.deepEqual(story.federation.nodes, []);
    assert.deepEqual(
      dueTasks(story.federation, story.context).map(({ kind }) => kind),
      ["deliver-admissions"],
    );
    story.tellsSuperLink().sees("online");
    assert.deepEqual(
      [...story.federation.sites.values()].map(({ status }) => status),
      ["up", "up", "up"],
    );
  });

  it("of the coordinator never moves the address while sites dial it: that it is taken is told", () => {
    const story = fails(aFederation().running(), "alpha");
    const { address } = story.federation;
    removed(story.takes(retries(story, "alpha")), "alpha");
    story.shows("alpha", (usual) => ({ ...usual, network: aNetwork({ leased: [address ?? ""] }) })).begins("alpha");
    assert.equal(story.federation.address, address);
    assert.deepEqual(
      story.federation.problems.map(({ site, code, detail }) => [site, code, detail]),
      [["alpha", "address-in-use", address]],
    );
    assert.equal(story.site("beta").standing, "approved");
  });

  it("asks the owner again when the zone has changed meanwhile", () => {
    const story = fails(aFederation().running(), "beta");
    removed(story.takes(retries(story, "beta")), "beta");
    story.shows("beta", (usual) => ({ ...usual, network: aNetwork({ id: 30 }) })).begins("beta");
    assert.equal(story.site("beta").standing, "asking");
    assert.equal(story.proposal("beta").cause, "zone-changed");
    assert.equal(story.approvedBy("beta").joins("beta").site("beta").status, "up");
  });
});

describe("retiring a site", () => {
  it("is its owner's alone, at any time", () => {
    for (const story of [aFederation(), aFederation().planned(), aFederation().approved(), aFederation().running()]) {
      assert.equal(refusalOf(retires(story, "beta", REQUESTER)), "not-an-owner");
      assert.equal(refusalOf(retires(story, "beta", ownerOf("alpha"))), "not-an-owner");
      story.takes(retires(story, "beta"));
      assert.equal(story.site("beta").leftOut, "retired");
      assert.deepEqual(retires(story, "beta"), { ok: true, events: [] });
    }
  });

  it("revokes its keys and removes its service; the others keep running", () => {
    const story = aFederation().running();
    story.takes(retires(story, "beta"));
    assert.deepEqual(
      [...story.federation.keys.values()].filter(({ revoked }) => revoked).map(({ site }) => site),
      ["beta", "beta"],
    );
    assert.equal(story.site("beta").removals.length, 1);
    assert.deepEqual(
      dueTasks(story.federation, story.context).map(({ kind }) => kind),
      ["remove-service", "deliver-admissions"],
    );
    assert.equal(story.site("gamma").status, "up");
    assert.equal(refusalOf(begin(story, "beta")), "not-open");
  });

  it("is not for the coordinator, whose end is a teardown", () => {
    const story = aFederation().running();
    assert.equal(refusalOf(retires(story, "alpha")), "coordinator-cannot-retire");
  });

  it("before anything was created ends the request when too few sites remain", () => {
    const story = aFederation({ minimumTrainingSites: 2 }).approved();
    story.takes(retires(story, "beta"));
    assert.equal(story.federation.ended?.cause, "too-few-sites");
  });

  it("takes the site's problems with it", () => {
    const story = aFederation()
      .shows("beta", (usual) => ({ ...usual, version: "6.10.0" }))
      .planned();
    story.takes(retires(story, "beta"));
    assert.deepEqual(story.federation.problems, []);
    assert.equal(story.planned().site("gamma").standing, "asking");
  });

  it("lets nothing expire any more", () => {
    const story = aFederation().planned();
    story
      .takes(retires(story, "gamma"))
      .approved()
      .passes(8 * DAY);
    assert.equal(
      dueTasks(story.federation, story.context).some(({ kind }) => kind === "expire"),
      false,
    );
  });
});
