import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { admittedKeys } from "../../../src/federation/running/admission.ts";
import { retry, withdraw } from "../../builders/commands.ts";
import { MINUTE, ownerOf, STRANGER, UPGRADED, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aHeadroom, aNetwork } from "../../builders/survey.ts";

const fails = (story: Story, name: string): Story =>
  story.happens({ type: "site-failed", site: zone(name), reason: { code: "deployment-failed", detail: "quota" } });

describe("retrying a site", () => {
  it("is its owner's, and only when something has gone wrong", () => {
    const story = aFederation().running();
    assert.equal(story.refusalOf(retry("beta")), "nothing-to-retry");
    fails(story, "beta");
    assert.equal(story.refusalOf(retry("beta", ownerOf("alpha"))), "not-an-owner");
    assert.equal(story.refusalOf(retry("beta", STRANGER)), "not-an-owner");
    assert.equal(story.refusalOf(retry("beta")), null);
  });

  it("is asked for once", () => {
    const story = fails(aFederation().running(), "beta").does(retry("beta"));
    assert.equal(story.refusalOf(retry("beta", ownerOf("beta", 2))), "nothing-to-retry");
  });

  it("removes nothing before the zone was looked at", () => {
    const story = fails(aFederation().running(), "beta");
    const { length } = story.recorded;
    story.does(retry("beta"));
    assert.deepEqual(story.typesSince(length), ["command-accepted", "retry-asked"]);
    assert.equal(story.deployment("beta").attempt, 1);
    assert.deepEqual(story.due(), ["begin beta"]);
  });

  it("of a zone that cannot be looked at leaves what runs, and is tried again by itself", () => {
    const story = fails(aFederation().running(), "beta").does(retry("beta"));
    story.hides("beta", { code: "zone-unreachable", detail: "ECONNREFUSED" }).begins("beta");
    assert.equal(story.deployment("beta").attempt, 1);
    assert.deepEqual(story.due(), ["begin beta"]);
  });

  it("then revokes the old keys, removes what ran, and creates the same plan once that is gone", () => {
    const story = fails(aFederation().running(), "beta");
    const { digest } = story.deployment("beta");
    const id = story.serviceId("beta");
    story.does(retry("beta")).begins("beta");
    assert.deepEqual(
      admittedKeys(story.federation).map(({ site }) => site),
      ["gamma", "gamma"],
    );
    assert.deepEqual(
      story.site("beta").removals.map(({ ref, cause }) => [ref, cause]),
      [[{ kind: "oneflow", id }, "retry"]],
    );
    assert.deepEqual(story.due(), [`remove beta oneflow ${id}`, "deliver-admissions alpha"]);
    story.removes("beta");
    assert.ok(story.due().includes("register-template beta"));
    assert.equal(story.deployment("beta").attempt, 2);
    assert.equal(story.deployment("beta").digest, digest);
  });

  it("needs no room beside what runs: that is given back first", () => {
    const story = fails(aFederation().running(), "beta").does(retry("beta"));
    const leased = ["10.0.0.9"];
    story.shows("beta", (usual) => ({
      ...usual,
      network: aNetwork({ ranges: [{ first: "10.0.0.9", last: "10.0.0.10" }], leased }),
      headroom: aHeadroom({ vms: 0, cpu: 0, memory: 0, leases: 0 }),
    }));
    assert.equal(story.begins("beta").deployment("beta").attempt, 2);
  });

  it("ends with the site up again", () => {
    const story = fails(aFederation().running(), "beta").does(retry("beta")).joins("beta");
    assert.equal(story.deployment("beta").attempt, 2);
    assert.equal(story.status("beta"), "up");
    assert.deepEqual(story.due(), []);
  });

  it("asks the owner again when the zone has changed meanwhile, and what runs goes on until then", () => {
    const story = fails(aFederation().running(), "beta").does(retry("beta"));
    story.shows("beta", (usual) => ({ ...usual, network: aNetwork({ id: 30 }) })).begins("beta");
    assert.equal(story.site("beta").approvalState, "pending");
    assert.equal(story.proposal("beta").cause, "zone-changed");
    assert.equal(story.deployment("beta").attempt, 1);
    assert.equal(story.approvedBy("beta").joins("beta").status("beta"), "up");
  });

  it("that an owner asked for twice from two versions of a card is one retry", () => {
    const story = fails(aFederation().running(), "beta");
    const asked = retry("beta")(story);
    assert.deepEqual(story.does(asked).decides(asked), { ok: true, events: [] });
  });

  it("whose newer version an owner approved and took back again leaves what runs agreed to", () => {
    const story = fails(aFederation().running(), "beta").does(retry("beta"));
    story.shows("beta", (usual) => ({ ...usual, network: aNetwork({ id: 30 }) })).begins("beta");
    const { digest } = story.deployment("beta");
    story.approvedBy("beta").does(withdraw("beta"));
    assert.equal(story.site("beta").approvalState, "pending");
    assert.deepEqual(
      story.site("beta").consents.map((consent) => consent.digest),
      [digest],
    );
  });

  it("does not void the consents of what runs", () => {
    const story = fails(aFederation().running(), "beta").does(retry("beta"));
    assert.equal(story.refusalOf(withdraw("beta")), "wave-started");
    assert.equal(story.site("beta").consents.length, 1);
  });
});

describe("retrying the coordinator", () => {
  it("keeps CA and address, and tells the new SuperLink every key anew", () => {
    const story = aFederation().running();
    const { authorities, endpoint } = story.federation;
    story.says("alpha", { FL_STAGE: "failed" }).watchesAll(40);
    assert.deepEqual(
      ["alpha", "beta", "gamma"].map((name) => story.status(name)),
      ["down", "down", "down"],
    );
    story.does(retry("alpha")).trusted();
    assert.deepEqual([story.federation.authorities, story.federation.endpoint], [authorities, endpoint]);
    assert.ok([...story.federation.keys.values()].every(({ registered }) => !registered));
    assert.ok(story.due().includes("deliver-admissions alpha"));
    story.tellsSuperLink().sees("online").watchesAll(40);
    assert.deepEqual(
      ["alpha", "beta", "gamma"].map((name) => story.status(name)),
      ["up", "up", "up"],
    );
    assert.deepEqual(story.due(), []);
  });

  it("forgets what its predecessor said of SuperNodes: the new one has to list them itself", () => {
    const story = fails(aFederation().running(), "alpha").does(retry("alpha")).trusted().tellsSuperLink();
    assert.equal(story.live.nodes, null);
    story.observesAll();
    assert.ok([...story.federation.keys.values()].every(({ registered }) => !registered));
  });

  it("is not told of keys that only its predecessor was told to drop", () => {
    const story = fails(aFederation().running(), "beta").does(retry("beta")).joins("beta").tellsSuperLink();
    fails(story, "alpha").does(retry("alpha")).trusted().tellsSuperLink();
    assert.deepEqual(story.federation.admissions?.revoked, []);
    assert.equal(story.federation.admissions?.admitted.length, 4);
  });

  it("never moves the address while sites dial it: that it is taken is told", () => {
    const story = fails(aFederation().running(), "alpha");
    const { address } = story.federation;
    const elsewhere = aNetwork({ id: 30, ranges: [{ first: "198.51.100.7", last: "198.51.100.9" }] });
    story
      .does(retry("alpha"))
      .shows("alpha", (usual) => ({ ...usual, network: elsewhere }))
      .begins("alpha");
    assert.equal(story.federation.address, address);
    assert.deepEqual(
      story.site("alpha").problems.map(({ code, detail }) => [code, detail]),
      [["address-in-use", address]],
    );
    assert.equal(story.site("beta").approvalState, "approved");
    assert.equal(story.deployment("alpha").attempt, 1);
  });

  it("is not held up by its own address, which what runs still has", () => {
    const story = fails(aFederation().running(), "alpha");
    const leased = [story.federation.address ?? ""];
    story.does(retry("alpha")).shows("alpha", (usual) => ({ ...usual, network: aNetwork({ leased }) }));
    assert.equal(story.begins("alpha").deployment("alpha").attempt, 2);
  });
});

describe("after an upgrade of this program", () => {
  it("a retry brings the same plan back, with the agent it was approved with", () => {
    const story = aFederation().running().inContext({ manifests: UPGRADED });
    const { plan, digest } = story.deployment("alpha");
    fails(story, "alpha").does(retry("alpha")).trusted();
    assert.equal(story.deployment("alpha").attempt, 2);
    assert.equal(story.deployment("alpha").digest, digest);
    assert.equal(story.deployment("alpha").plan.agent, plan.agent);
    assert.equal(story.site("alpha").approvalState, "approved");
    assert.equal(story.federation.verifiedVm, story.vm("alpha").vmId);
  });

  it("a manifest that nobody kept is asked for anew, while what runs goes on", () => {
    const { current } = UPGRADED;
    const story = aFederation().running();
    story.inContext({ manifests: { current, find: () => undefined } });
    fails(story, "beta").does(retry("beta")).begins("beta");
    assert.equal(story.proposal("beta").cause, "bot-upgraded");
    assert.equal(story.site("beta").approvalState, "pending");
    assert.equal(story.deployment("beta").attempt, 1);
  });

  it("what was created before is still what was approved", () => {
    const story = aFederation().approved().begins("alpha").creates("alpha");
    story.inContext({ manifests: UPGRADED }).observes("alpha");
    assert.equal(story.deployment("alpha").failure, null);
    assert.equal(story.vm("alpha").verified, true);
  });

  it("what was approved before begins as it was approved", () => {
    const story = aFederation().approved().inContext({ manifests: UPGRADED }).begins("alpha");
    assert.equal(story.deployment("alpha").plan.agent, "a".repeat(64));
  });

  it("what is planned from then on has the new agent", () => {
    const story = aFederation().inContext({ manifests: UPGRADED }).planned();
    assert.equal(story.proposal("beta").plan.agent, "b".repeat(64));
  });

  it("a boot that takes long is told as ever", () => {
    const story = aFederation().approved().deployed("alpha").inContext({ manifests: UPGRADED });
    assert.deepEqual(story.passes(25 * MINUTE).due(), ["time-out alpha boot-timeout"]);
  });
});
