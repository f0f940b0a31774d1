import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { statusOf } from "../../../src/federation/model/status.ts";
import type { VmState } from "../../../src/federation/model/zone-facts.ts";
import { retry } from "../../builders/commands.ts";
import { HOUR, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

/** Long enough for everything that stands to be told. */
const A_WHILE = 40;

const statuses = (story: Story): readonly unknown[] =>
  [...story.federation.sites.values()].map((site) => {
    const { status, online } = statusOf(story.federation, site);
    return [status, online];
  });
const raised = (story: Story): readonly string[] =>
  [...story.federation.conditions.values()].filter((one) => one.raised).map(({ code }) => code);
const changes = (story: Story, state: VmState, nth = 0): Story => {
  story.zone("beta").changeVm(story.vm("beta", nth).vmId, (vm) => ({ ...vm, state }));
  return story;
};

describe("whether a site is up", () => {
  it("is degraded while the SuperLink sees some of its SuperNodes, down when it sees none, and up again after", () => {
    const story = aFederation().running();
    const [first = "", second = ""] = story.vms("beta").map(({ acceptedKey }) => acceptedKey ?? "");
    const of = (...beta: readonly unknown[]) => [["up", 1], beta, ["up", 2]];
    story.sees("online", { [first]: "offline" }).watchesAll(A_WHILE);
    assert.deepEqual(statuses(story), of("degraded", 1));
    story.sees("online", { [first]: "offline", [second]: "registered" }).watchesAll(A_WHILE);
    assert.deepEqual(statuses(story), of("down", 0));
    story.sees("online").watchesAll(A_WHILE);
    assert.deepEqual(statuses(story), of("up", 2));
  });

  it("does not change with what is over at once", () => {
    const story = aFederation().running();
    const { length } = story.recorded;
    const [first = ""] = story.vms("beta").map(({ acceptedKey }) => acceptedKey ?? "");
    story
      .sees("online", { [first]: "offline" })
      .watchesAll(5)
      .sees("online")
      .watchesAll(A_WHILE);
    assert.deepEqual(story.typesSince(length), []);
  });

  it("needs each SuperNode's own word too, and says why", () => {
    const story = aFederation().running().says("beta", { FL_STAGE: "failed", FL_REASON: "disk-full" });
    story.watchesAll(A_WHILE);
    assert.deepEqual(statuses(story)[1], ["degraded", 1]);
    assert.deepEqual(raised(story), ["supernodes-offline", "guest-disk-full"]);
  });

  it("is not proven by running VMs", () => {
    const story = aFederation().trusted().deployed("beta").watchesAll(A_WHILE);
    assert.deepEqual(statuses(story)[1], [null, 0]);
  });

  it("a SuperNode that stopped reporting does not count, and counts again when it reports", () => {
    const story = aFederation().running();
    const silent = new Set([story.vm("beta").vmId]);
    story.watchesAll(A_WHILE, { silent });
    assert.deepEqual(statuses(story)[1], ["degraded", 1]);
    assert.deepEqual(raised(story), ["supernodes-offline", "vm-silent"]);
    assert.deepEqual(statuses(story.watchesAll(A_WHILE))[1], ["up", 2]);
  });

  it("a VM that was stopped, failed or is gone does not count, and its site says which", () => {
    for (const [state, code] of [
      ["poweroff", "vm-stopped"],
      ["suspended", "vm-stopped"],
      ["undeployed", "vm-stopped"],
      ["stopped", "vm-stopped"],
      ["shutting-down", "vm-stopped"],
      ["powering-off", "vm-stopped"],
      ["failed", "vm-failed"],
      ["done", "vm-missing"],
    ] as const) {
      const story = changes(aFederation().running(), state).watchesAll(A_WHILE);
      assert.deepEqual(statuses(story)[1], ["degraded", 1], state);
      assert.deepEqual(raised(story), ["supernodes-offline", code]);
    }
  });

  it("a VM whose host is not monitored and that still says that it serves counts", () => {
    const story = changes(aFederation().running(), "unknown").watchesAll(A_WHILE);
    assert.deepEqual(statuses(story)[1], ["up", 2]);
    assert.deepEqual(raised(story), ["vm-unknown"]);
  });

  it("when the SuperLink dies no site is up, and each is again when it serves again", () => {
    const story = aFederation().running().says("alpha", { FL_STAGE: "failed" }).watchesAll(A_WHILE);
    assert.deepEqual(statuses(story), [
      ["down", 0],
      ["down", 0],
      ["down", 0],
    ]);
    story.says("alpha", { FL_STAGE: "serving" }).watchesAll(A_WHILE);
    assert.deepEqual(statuses(story), [
      ["up", 1],
      ["up", 2],
      ["up", 2],
    ]);
  });

  it("a key that another guest claims to hold counts only for the VM that was admitted with it", () => {
    const story = aFederation().running();
    const copy = { ...story.vmFacts("beta", 1), id: 9999 };
    story.zone("beta").removeVm(story.vm("beta").vmId);
    story.zone("beta").addVm(copy);
    assert.deepEqual(statuses(story.watchesAll(A_WHILE))[1], ["degraded", 1]);
  });

  it("heals a failure that was only slowness, once it comes up", () => {
    const story = aFederation().trusted().deployed("beta");
    story.happens({ type: "site-failed", site: zone("beta"), reason: { code: "boot-timeout", detail: "" } });
    for (const nth of [0, 1]) story.publishes("beta", nth, `key ${nth}`).judges(story.claim("beta", nth, `key ${nth}`));
    story.observes("beta").tellsSuperLink().sees("registered").tellsSuperNodes("beta");
    for (const nth of [0, 1]) story.says("beta", { FL_STAGE: "serving" }, nth);
    story.observes("beta").sees("online");
    assert.equal(story.deployment("beta").failure, null);
    assert.equal(story.status("beta"), "up");
  });
});

describe("a zone that cannot be looked at", () => {
  it("makes what runs there unknown, not up and not down", () => {
    const story = aFederation().running().losesSightOf("beta").watchesAll(A_WHILE);
    assert.equal(story.status("beta"), "unknown");
    assert.equal(story.status("gamma"), "up");
    assert.deepEqual(raised(story), ["zone-away"]);
    assert.equal(story.seesAgain("beta").watchesAll(A_WHILE).status("beta"), "up");
  });

  it("where the SuperLink runs makes every site unknown: nobody else's word says who is online", () => {
    const story = aFederation().running().losesSightOf("alpha").watchesAll(A_WHILE);
    assert.deepEqual(
      ["alpha", "beta", "gamma"].map((name) => story.status(name)),
      ["unknown", "unknown", "unknown"],
    );
  });

  it("leaves what stood about it as it was", () => {
    const story = changes(aFederation().running(), "failed").watchesAll(A_WHILE).losesSightOf("beta");
    changes(story.watchesAll(A_WHILE), "running");
    assert.deepEqual(raised(story), ["supernodes-offline", "vm-failed", "zone-away"]);
  });

  for (const [who, account] of [
    ["another account", { id: 99, name: "somebody", administrator: false }],
    ["an administrator, at any look", { id: 4, name: "florist", administrator: true }],
  ] as const) {
    it(`for ${who} concludes nothing from what it does not show`, () => {
      const story = aFederation().running();
      const { length } = story.recorded;
      const beta = story.zone("beta");
      beta.removeService(story.serviceId("beta"));
      beta.answersFor(account);
      story.watchesAll(A_WHILE);
      assert.deepEqual(story.typesSince(length), []);
      assert.deepEqual(story.due(), []);
      assert.equal(story.status("beta"), "up");
    });
  }

  it("knows from the beginning which account deploys, not from the first look after it", () => {
    const story = aFederation().approved().begins("alpha");
    assert.equal(story.deployment("alpha").account, 4);
  });
});

describe("VMs that a look does not show", () => {
  const without = (): Story => {
    const story = aFederation().running();
    for (const { vmId } of story.vms("beta")) story.zone("beta").removeVm(vmId);
    return story;
  };

  it("lose nothing: the zone is asked for a proof of each", () => {
    const story = without();
    const { length } = story.recorded;
    story.observes("beta");
    assert.deepEqual(story.typesSince(length), []);
    const proofs = story.vms("beta").map(({ vmId }) => `prove-gone beta ${vmId}`);
    assert.deepEqual(story.due(), proofs);
    assert.ok([...story.federation.keys.values()].every(({ revoked }) => !revoked));
  });

  it("are back as if nothing had been, however long they were not shown", () => {
    const story = aFederation().running();
    const kept = story.vms("beta").map((_, nth) => story.vmFacts("beta", nth));
    for (const { id } of kept) story.zone("beta").removeVm(id);
    story.watchesAll(A_WHILE).passes(HOUR).watchesAll(A_WHILE);
    assert.equal(story.status("beta"), "down");
    for (const vm of kept) story.zone("beta").addVm(vm);
    assert.equal(story.watchesAll(A_WHILE).status("beta"), "up");
    assert.deepEqual(story.due(), []);
  });

  it("and that are proven to be gone are not asked for again, and the site can be retried", () => {
    const story = without().watchesAll(A_WHILE);
    for (const { vmId, acceptedKey } of story.vms("beta")) {
      const key = acceptedKey ?? "";
      story.happens(
        { type: "vm-gone", site: zone("beta"), vmId },
        { type: "key-revoked", site: zone("beta"), vmId, key },
      );
    }
    story.tellsSuperLink().sees("online").watchesAll(A_WHILE);
    assert.deepEqual(story.due(), []);
    assert.equal(story.does(retry("beta")).joins("beta").status("beta"), "up");
  });

  it("and are gone are spoken of until others have taken their place", () => {
    const story = aFederation().running();
    const { vmId } = story.vm("beta");
    const copy = { ...story.vmFacts("beta"), attributes: {}, id: 9999 };
    story.zone("beta").removeVm(vmId);
    story.happens({ type: "vm-gone", site: zone("beta"), vmId }).watchesAll(A_WHILE);
    assert.ok(raised(story).includes("vm-gone"));
    story.zone("beta").addVm(copy);
    assert.ok(!raised(story.watchesAll(A_WHILE)).includes("vm-gone"));
  });

  it("and cannot be read are neither missing nor gone", () => {
    const story = aFederation().running();
    const { vmId } = story.vm("beta");
    story.zone("beta").cannotRead({ kind: "vm", id: vmId, why: "10 MB of attributes" });
    story.watchesAll(A_WHILE);
    assert.deepEqual(story.due(), []);
    assert.ok(raised(story).includes("vm-unreadable"));
  });
});
