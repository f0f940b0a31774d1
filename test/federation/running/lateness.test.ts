import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VmFacts } from "../../../src/federation/model/zone-facts.ts";
import { mayAbandon, waitedFor } from "../../../src/federation/running/lateness.ts";
import { MINUTE, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

/** The coordinator's VM came, and its zone has since said this of it. */
function withVm(changes: Partial<VmFacts>): Story {
  const story = aFederation().approved().deployed("alpha");
  const { vmId } = story.vm("alpha");
  story.zone("alpha").changeVm(vmId, (vm) => ({ ...vm, ...changes }));
  return story.passes(21 * MINUTE).observes("alpha");
}

describe("a VM that does not report in time", () => {
  for (const [state, code] of [
    ["pending", "no-host"],
    ["hold", "vms-held"],
    ["booting", "vms-not-started"],
    ["failed", "vms-failed"],
    ["poweroff", "vms-stopped"],
    ["running", "boot-timeout"],
    ["unknown", "boot-timeout"],
  ] as const) {
    it(`and is ${state} is told as that, and nobody is sent to a guest that does not run`, () => {
      assert.deepEqual(withVm({ state }).due(), [`time-out alpha ${code}`]);
    });
  }

  it("is told with its zone's own words", () => {
    const unplaced = withVm({ state: "pending", schedMessage: "Cannot dispatch VM: not enough capacity" });
    assert.match(waitedFor(unplaced.site("alpha"), unplaced.live), /is pending: Cannot dispatch VM: not enough/);
    const broken = withVm({ state: "failed", error: "Error deploying virtual machine: no such device" });
    assert.match(waitedFor(broken.site("alpha"), broken.live), /is failed: Error deploying virtual machine/);
  });

  it("is not told with what went wrong before it was well again", () => {
    const booting = withVm({ state: "booting", error: "an error of yesterday" });
    assert.doesNotMatch(waitedFor(booting.site("alpha"), booting.live), /yesterday/);
  });
});

describe("what stands while a VM waits for its zone", () => {
  const codes = (story: Story): readonly string[] =>
    [...story.federation.conditions.values()].filter(({ raised }) => raised).map(({ code }) => code);

  it("is what the scheduler says, or that it is on hold; a VM that boots is waited for in silence", () => {
    const watched = (changes: Partial<VmFacts>) => {
      const story = aFederation().approved().deployed("alpha");
      story.zone("alpha").changeVm(story.vm("alpha").vmId, (vm) => ({ ...vm, ...changes }));
      return codes(story.watches("alpha", 40));
    };
    assert.deepEqual(watched({ state: "pending", schedMessage: "no host" }), ["vm-unplaced"]);
    assert.deepEqual(watched({ state: "hold" }), ["vm-held"]);
    assert.deepEqual(watched({ state: "booting", error: "an error of yesterday" }), []);
  });
});

describe("a service of which OneFlow makes no VM", () => {
  /** It stays at its networks, for longer than it may take. */
  function stuck(): Story {
    const story = aFederation().approved().begins("alpha").creates("alpha");
    return staysAtNetworks(story);
  }

  function staysAtNetworks(story: Story): Story {
    const id = story.serviceId("alpha");
    const place = story.zone("alpha");
    for (const vm of place.vms(id)) place.removeVm(vm.id);
    place.changeService(id, (service) => ({ ...service, state: "deploying-nets", vmIds: [] }));
    return story.passes(7 * MINUTE).observes("alpha");
  }

  const abandon = (story: Story): Story =>
    story.happens({
      type: "deployment-abandoned",
      site: zone("alpha"),
      reason: { code: "service-stuck", detail: waitedFor(story.site("alpha"), story.live) },
    });

  it("is told as that, with its state", () => {
    const story = stuck();
    assert.deepEqual(story.due(), ["time-out alpha service-stuck"]);
    assert.match(waitedFor(story.site("alpha"), story.live), /service \d+ is deploying-nets, without a VM/);
  });

  it("is removed, and asked for anew under another tag once that is proven to be gone", () => {
    const story = stuck();
    const { tag, attempt, digest } = story.deployment("alpha");
    const id = story.serviceId("alpha");
    abandon(story);
    assert.deepEqual(story.due(), [`remove alpha oneflow ${id}`]);
    story.removes("alpha");
    assert.deepEqual(story.due(), ["create alpha"]);
    story.creates("alpha").observes("alpha");
    const anew = story.deployment("alpha");
    assert.notEqual(anew.tag, tag);
    assert.deepEqual([anew.attempt, anew.digest, anew.vms.size], [attempt, digest, 1]);
    assert.deepEqual(story.due(), []);
  });

  it("is asked for anew twice, and then left to people", () => {
    const story = stuck();
    for (let times = 0; times < 2; times += 1) {
      assert.equal(mayAbandon(story.site("alpha"), story.live), true);
      staysAtNetworks(abandon(story).removes("alpha").creates("alpha"));
    }
    assert.deepEqual(story.due(), ["time-out alpha service-stuck"]);
    assert.equal(mayAbandon(story.site("alpha"), story.live), false);
  });

  it("is not given up once a VM has come", () => {
    const story = aFederation().approved().deployed("alpha");
    story.zone("alpha").changeService(story.serviceId("alpha"), (one) => ({ ...one, state: "deploying-nets" }));
    assert.equal(mayAbandon(story.observes("alpha").site("alpha"), story.live), false);
  });
});
