import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Adjustment } from "../../../src/federation/model/events.ts";
import { adjust, approve, reject } from "../../builders/commands.ts";
import { aZone, ownerOf, sitesOf } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";
import { aDataImage, aNetwork } from "../../builders/survey.ts";

const [first, second] = [ownerOf("beta", 1), ownerOf("beta", 2)];

/** Beta wants both of its owners to agree. */
const needsTwo = { sites: sitesOf([aZone("alpha"), aZone("beta", { quorum: 2 }), aZone("gamma")]) };

describe("adjusting", () => {
  it("is the owner's own version and own vote, and voids earlier votes on the site", () => {
    const story = aFederation({ context: needsTwo }).planned().approvedBy("beta", second);
    const before = story.proposal("beta");
    story.does(adjust("beta", { superNodes: 1 }, first));
    assert.notEqual(story.proposal("beta").digest, before.digest);
    assert.equal(story.proposal("beta").plan.parts[0]?.vms, 1);
    assert.deepEqual(story.proposal("beta").by, first);
    assert.deepEqual(
      story.site("beta").consents.map(({ by }) => by),
      [first],
    );
    story.approvedBy("beta", second);
    assert.equal(story.site("beta").approvalState, "approved");
  });

  it("approves at once where one owner is enough, and touches nobody else's plan", () => {
    const story = aFederation().approved();
    const others = ["alpha", "gamma"].map((name) => story.site(name));
    story.does(adjust("beta", { superNodes: 1 }));
    assert.equal(story.site("beta").approvalState, "approved");
    assert.deepEqual(
      ["alpha", "gamma"].map((name) => story.site(name)),
      others,
    );
  });

  it("supersedes the card: who decides on the older one is sent to the newer", () => {
    const story = aFederation({ context: needsTwo }).planned();
    const [approval, rejection] = [approve("beta", second)(story), reject("beta", second)(story)];
    story.does(adjust("beta", { superNodes: 1 }, first));
    assert.equal(story.refusalOf(approval), "card-superseded");
    assert.equal(story.refusalOf(rejection), "card-superseded");
  });

  it("delivered again is one decision", () => {
    const story = aFederation().planned();
    const adjusting = adjust("beta", { superNodes: 1 })(story);
    assert.deepEqual(story.does(adjusting).decides(adjusting), { ok: true, events: [] });
  });

  it("with nothing changed is an approval of what was asked", () => {
    const story = aFederation().planned();
    const { digest } = story.proposal("beta");
    story.does(adjust("beta", { superNodes: 2 }));
    assert.equal(story.site("beta").proposals.length, 1);
    assert.deepEqual(
      story.site("beta").consents.map((given) => given.digest),
      [digest],
    );
  });

  it("lowers the number of SuperNodes and never raises it", () => {
    const story = aFederation().planned();
    assert.equal(story.refusalOf(adjust("beta", { superNodes: 3 })), "more-supernodes");
  });

  it("takes another template or network only as the zones file offers", () => {
    const story = aFederation().planned();
    const choose = (adjustment: Adjustment) => adjust("beta", adjustment);
    assert.equal(story.refusalOf(choose({ template: "Windows" })), "not-an-alternative");
    assert.equal(story.refusalOf(choose({ template: "Flower SuperLink" })), "not-an-alternative");
    assert.equal(story.refusalOf(choose({ network: 77 })), "not-an-alternative");
    assert.equal(story.decides(choose({ template: "Flower SuperNode large", network: "research" })).ok, true);
  });

  it("attaches a disk, and an image that was remade is another version", () => {
    const story = aFederation().planned();
    const attach = adjust("beta", { data: { kind: "disk", image: 12 } });
    story.shows("beta", (usual) => ({ ...usual, data: aDataImage({ persistent: true }) }));
    assert.deepEqual(story.decides(attach), {
      ok: false,
      problems: [{ code: "data-image-persistent", detail: "Scans (12)" }],
    });
    story.shows("beta", (usual) => ({ ...usual, data: aDataImage() }));
    story.does(attach);
    assert.equal(story.site("beta").approvalState, "approved");
    assert.deepEqual(story.proposal("beta").plan.nodeConfig, { "data-path": "/mnt/data" });
    const { digest } = story.proposal("beta");
    story.shows("beta", (usual) => ({ ...usual, data: aDataImage({ registeredAt: 1_770_000_000 }) }));
    story.does(adjust("beta", { data: { kind: "disk", image: 12 } }, ownerOf("beta", 2)));
    assert.notEqual(story.proposal("beta").digest, digest);
  });

  it("attaches a folder of the VMs, which apps find at one path wherever it lies", () => {
    const story = aFederation().planned();
    const attach = (path: string) => adjust("beta", { data: { kind: "folder", path } });
    for (const path of ["/data/$(id)", "data", "/srv/../root", "/", "/srv/", "/proc/1", "/var/lib/florist/keys"]) {
      assert.deepEqual(story.decides(attach(path)), { ok: false, problems: [{ code: "data-path", detail: path }] });
    }
    story.does(attach("/srv/cohort 2"));
    const { plan, digest } = story.proposal("beta");
    assert.deepEqual(plan.data, { kind: "folder", path: "/srv/cohort 2" });
    assert.deepEqual(plan.nodeConfig, { "data-path": "/mnt/data" });
    story.does(attach("/srv/cohort 3"));
    assert.notEqual(story.proposal("beta").digest, digest);
  });

  it("by the coordinator's owner who takes another network moves the address, and everybody is asked again", () => {
    const story = aFederation().planned().approvedBy("beta");
    const research = aNetwork({ id: 4, name: "research", ranges: [{ first: "198.51.100.7", last: "198.51.100.7" }] });
    story.shows("alpha", (usual) => ({ ...usual, network: research }));
    story.does(adjust("alpha", { network: "research" }));
    assert.deepEqual(
      ["alpha", "beta", "gamma"].map((name) => [
        story.proposal(name).plan.endpoint.host,
        story.site(name).approvalState,
      ]),
      [
        ["198.51.100.7", "approved"],
        ["198.51.100.7", "pending"],
        ["198.51.100.7", "pending"],
      ],
    );
  });

  it("by the coordinator's owner to a network without the address that was given asks nobody else again", () => {
    const address = { kind: "given", host: "203.0.113.30", port: 9092 } as const;
    const story = aFederation({ address }).planned().approvedBy("beta");
    const research = aNetwork({ id: 4, ranges: [{ first: "198.51.100.7", last: "198.51.100.9" }] });
    story.shows("alpha", (usual) => ({ ...usual, network: research }));
    story.does(adjust("alpha", { network: "research" }));
    assert.equal(story.proposal("alpha").plan.parts[0]?.nics[0]?.address, null);
    assert.equal(story.site("beta").approvalState, "approved");
  });

  it("is refused with everything that the zone lacks for it", () => {
    const story = aFederation().planned();
    story.shows("beta", (usual) => ({ ...usual, headroom: { ...usual.headroom, cpu: 1, memory: 1 } }));
    const decision = story.decides(adjust("beta", { superNodes: 1 }));
    assert.deepEqual("problems" in decision ? decision.problems.map(({ code }) => code) : decision, [
      "quota-cpu",
      "quota-memory",
    ]);
  });

  it("is for the owners of the site's zone, not for those who may admit it", () => {
    const story = aFederation().planned();
    assert.equal(story.refusalOf(adjust("beta", { superNodes: 1 }, ownerOf("alpha"))), "not-an-owner");
  });
});
