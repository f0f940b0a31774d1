import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry } from "../../builders/commands.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aNetwork } from "../../builders/survey.ts";

const LEASE =
  "Role superlink : Instantiate failed for template 0; [one.template.instantiate] Error allocating a new virtual machine template. Cannot get IP/MAC lease from virtual network 0.";

/** OneFlow could not deploy the coordinator, and its log says this. */
function fails(story: Story, name = "alpha", error = LEASE): Story {
  const id = story.serviceId(name);
  const place = story.zone(name);
  for (const vm of place.vms(id)) place.removeVm(vm.id);
  place.changeService(id, (one) => ({ ...one, state: "failed-deploying", errors: [error], vmIds: [] }));
  return story.observes(name);
}

const refused = (story = aFederation()): Story => fails(story.approved().begins("alpha").creates("alpha"));

describe("an address that looked free and that its zone refuses", () => {
  it("is told with the zone's words, as what it is", () => {
    const { failure } = refused().deployment("alpha");
    assert.deepEqual(failure?.reason, { code: "address-refused", detail: LEASE });
  });

  it("is dropped without anybody's doing: another is picked, and every owner is asked with the difference", () => {
    const story = refused();
    const { address } = story.federation;
    assert.deepEqual(story.due(), ["begin alpha"]);
    story.begins("alpha");
    assert.notEqual(story.federation.address, address);
    for (const name of ["alpha", "beta", "gamma"]) {
      assert.deepEqual([story.site(name).approvalState, story.proposal(name).cause], ["pending", "address-changed"]);
      assert.equal(story.proposal(name).plan.endpoint.host, story.federation.address);
    }
    assert.deepEqual(story.due(), []);
  });

  it("is not asked for again, however often the next ones are refused too", () => {
    const story = refused();
    const tried = new Set([story.federation.address]);
    for (let times = 0; times < 5; times += 1) {
      story.begins("alpha").approved().begins("alpha").removes("alpha").creates("alpha");
      assert.equal(tried.has(story.federation.address), false);
      tried.add(story.federation.address);
      fails(story);
    }
  });

  it("is tried again when every other one was refused since, as it may be free by now", () => {
    const story = aFederation().shows("alpha", (usual) => ({
      ...usual,
      network: aNetwork({ ranges: [{ first: "203.0.113.1", last: "203.0.113.2" }], leased: [] }),
    }));
    const first = refused(story).federation.address;
    story.begins("alpha").approved().begins("alpha").removes("alpha").creates("alpha");
    assert.equal(fails(story).begins("alpha").federation.address, first);
  });

  it("stays where somebody gave it by hand: it has to be freed, and its owner tries again", () => {
    const story = refused(aFederation({ address: { kind: "given", host: "203.0.113.50", port: 9092 } }));
    assert.equal(story.deployment("alpha").failure?.reason.code, "address-refused");
    assert.deepEqual(story.due(), []);
    assert.equal(story.does(retry("alpha")).begins("alpha").deployment("alpha").attempt, 2);
    assert.equal(story.federation.address, "203.0.113.50");
  });

  it("is not what a training site lacks: its network has none left", () => {
    const story = aFederation().trusted().begins("beta").creates("beta");
    assert.deepEqual(fails(story, "beta").deployment("beta").failure?.reason, { code: "no-lease", detail: LEASE });
  });
});

describe("a deployment that failed without a word of OneFlow", () => {
  it("is told with what its VMs say", () => {
    const story = aFederation().approved().deployed("alpha");
    const { vmId } = story.vm("alpha");
    story.zone("alpha").changeVm(vmId, (vm) => ({ ...vm, state: "failed", error: "no space left on device" }));
    story.zone("alpha").changeService(story.serviceId("alpha"), (one) => ({ ...one, state: "failed-deploying" }));
    const { failure } = story.observes("alpha").deployment("alpha");
    assert.deepEqual(failure?.reason, {
      code: "deployment-failed",
      detail: `VM ${vmId} is failed: no space left on device`,
    });
  });
});
