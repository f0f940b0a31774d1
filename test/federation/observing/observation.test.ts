import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VmFacts } from "../../../src/federation/model/zone-facts.ts";
import { observeSite } from "../../../src/federation/observing/observation.ts";
import { retry } from "../../builders/commands.ts";
import { SECOND, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const kinds = (story: Story): readonly string[] => story.tasks().map(({ kind }) => kind);
const failure = (story: Story, name: string): unknown => story.deployment(name).failure?.reason.code;
/** What a look tells that was not known before. */
const news = (story: Story, name: string): readonly string[] => {
  const { length } = story.recorded;
  return story.observes(name).typesSince(length);
};
const firstVm = (story: Story, name: string): VmFacts => {
  const [vm] = story.zone(name).vms(story.serviceId(name));
  assert.ok(vm !== undefined);
  return vm;
};

describe("looking at a zone", () => {
  it("tells nothing when nothing has changed", () => {
    const story = aFederation().running();
    for (const name of ["alpha", "beta", "gamma"]) assert.deepEqual(news(story, name), []);
  });

  it("sees VMs come and compares each with the plan before anything of it is believed", () => {
    const story = aFederation().approved().begins("alpha").creates("alpha");
    assert.deepEqual(news(story, "alpha"), ["vm-observed", "vms-verified"]);
    assert.equal(story.vm("alpha").verified, true);
  });

  it("compares a VM only once it has been placed", () => {
    const story = aFederation().approved().begins("alpha").creates("alpha");
    story.zone("alpha").changeVm(firstVm(story, "alpha").id, (now) => ({ ...now, state: "booting", nics: [] }));
    assert.deepEqual(news(story, "alpha"), ["vm-observed"]);
  });

  it("does not call a service vanished that was created after the look", () => {
    const story = aFederation().approved().begins("alpha");
    const early = story.context.now;
    story.creates("alpha").zone("alpha").removeService(story.serviceId("alpha"));
    story.inContext({ now: early }).passes(-1000);
    assert.equal(news(story, "alpha").includes("site-failed"), false);
  });

  it("does not call a service vanished that was created after services were read, however new the rest of the look is", () => {
    const story = aFederation().approved().begins("alpha");
    const early = story.context.now;
    const { services } = story.zone("alpha").snapshot(early);
    story.creates("alpha").passes(SECOND);
    const snapshot = { ...story.zone("alpha").snapshot(story.context.now), services, servicesAt: early };
    const look = { snapshot, silent: new Set<number>() };
    const types = observeSite(story.federation, story.site("alpha"), look, story.context).map(({ type }) => type);
    assert.equal(types.includes("site-failed"), false);
  });

  it("tells of a service that was deleted before it was up", () => {
    const story = aFederation().approved().deployed("alpha");
    story.zone("alpha").removeService(story.serviceId("alpha"));
    story.observes("alpha");
    assert.equal(failure(story, "alpha"), "deployment-vanished");
    assert.deepEqual(news(story, "alpha"), []);
    assert.equal(story.refusalOf(retry("alpha")), null);
  });

  it("does not call a service vanished that cannot be read", () => {
    const story = aFederation().approved().deployed("alpha");
    story.zone("alpha").cannotRead({ kind: "service", id: story.serviceId("alpha"), why: "an odd document" });
    assert.equal(failure(story.observes("alpha"), "alpha"), undefined);
  });

  it("tells why OneFlow could not deploy, in the last error of its log", () => {
    const story = aFederation().approved().begins("alpha").creates("alpha");
    story.zone("alpha").changeService(story.serviceId("alpha"), (service) => ({
      ...service,
      state: "failed-deploying",
      log: ["Deploying", "quota of 1 VM exceeded", "New state: FAILED_DEPLOYING"],
      errors: ["quota of 1 VM exceeded"],
    }));
    const { code, detail } = story.observes("alpha").deployment("alpha").failure?.reason ?? {};
    assert.equal(code, "deployment-failed");
    assert.match(detail ?? "", /quota of 1 VM exceeded$/);
    assert.deepEqual(kinds(story), []);
  });
});

describe("a VM that is not what was approved", () => {
  const cases: readonly (readonly [string, (vm: VmFacts) => Partial<VmFacts>])[] = [
    ["has more CPU", (vm) => ({ cpu: vm.cpu + 1 })],
    ["has more VCPU", (vm) => ({ vcpu: vm.vcpu + 1 })],
    ["has less memory", () => ({ memory: 1 })],
    ["has two network interfaces", (vm) => ({ nics: [...vm.nics, ...vm.nics] })],
    ["has none", () => ({ nics: [] })],
    ["is in another network", (vm) => ({ nics: vm.nics.map((nic) => ({ ...nic, networkId: 77 })) })],
    ["has another address", (vm) => ({ nics: vm.nics.map((nic) => ({ ...nic, ip: "203.0.113.99" })) })],
    ["has another image", () => ({ imageIds: [666] })],
    ["has one more image", (vm) => ({ imageIds: [...vm.imageIds, 666] })],
    ["was told another address to serve", (vm) => ({ context: { ...vm.context, FL_DIALLED_ADDRESS: "evil:9092" } })],
    ["was given another agent", (vm) => ({ context: { ...vm.context, START_SCRIPT_BASE64: "ZXZpbA==" } })],
    ["was given another ssh key", (vm) => ({ context: { ...vm.context, SSH_PUBLIC_KEY: "ssh-ed25519 AAAA" } })],
    ["has no token for OneGate", (vm) => ({ context: { ...vm.context, TOKEN: "NO" } })],
  ];
  for (const [what, change] of cases) {
    it(`because it ${what} is told, and gets no certificate`, () => {
      const story = aFederation().approved().begins("alpha").creates("alpha");
      story.zone("alpha").changeVm(firstVm(story, "alpha").id, (now) => ({ ...now, ...change(now) }));
      story.observes("alpha");
      assert.equal(failure(story, "alpha"), "created-differs");
      story.says("alpha", { FL_STAGE: "awaiting-certificate", FL_TLS_CSR: "request" }).observes("alpha");
      assert.deepEqual(kinds(story), []);
      assert.deepEqual(news(story, "alpha"), []);
    });
  }

  it("is told once, however many of its VMs differ, and none of its keys is judged", () => {
    const story = aFederation().trusted().begins("beta").creates("beta");
    for (const { id } of story.zone("beta").vms(story.serviceId("beta"))) {
      story.zone("beta").changeVm(id, (vm) => ({ ...vm, memory: 1 }));
      story.zone("beta").says(id, { FL_NODE_KEY: "key" });
    }
    assert.deepEqual(
      news(story, "beta").filter((type) => type === "site-failed"),
      ["site-failed"],
    );
    assert.equal(kinds(story).includes("judge-key"), false);
  });
});

describe("a duplicate", () => {
  const duplicate = (story: Story, attempt: string): number =>
    story.zone("beta").addService({ name: "duplicate", state: "running", attempt, vmIds: [], log: [], errors: [] });
  const tag = (story: Story, sequence: number, site = "beta", federation: string = story.federation.id): string =>
    `${federation}/${site}/${"0".repeat(12)}/${sequence}`;

  it("left by a create whose answer was lost is found at every look and removed, never adopted", () => {
    const story = aFederation().running();
    const id = duplicate(story, tag(story, 7));
    assert.deepEqual(news(story, "beta"), ["duplicate-found"]);
    assert.deepEqual(
      story.site("beta").removals.map(({ ref, cause }) => [ref, cause]),
      [[{ kind: "oneflow", id }, "duplicate"]],
    );
    assert.deepEqual(news(story, "beta"), []);
    assert.equal(story.status("beta"), "up");
    assert.deepEqual(story.due(), [`remove beta oneflow ${id}`]);
  });

  it("is found also while nothing of the site runs, and after it was removed an older look tells nothing", () => {
    const story = aFederation().approved();
    const id = duplicate(story, tag(story, 1));
    assert.deepEqual(news(story, "beta"), ["duplicate-found"]);
    story.happens({ type: "deployment-removed", site: zone("beta"), removal: `oneflow ${id}` });
    assert.deepEqual(news(story, "beta"), []);
  });

  it("is what a removal waits for, when the answer to its create was lost", () => {
    const story = aFederation().trusted().begins("beta");
    story.happens(
      { type: "template-registered", site: zone("beta"), templateId: 5 },
      { type: "deployment-intended", site: zone("beta"), sequence: 2, tag: tag(story, 2) },
      { type: "site-stopped", site: zone("beta") },
    );
    const id = duplicate(story, tag(story, 2));
    story.observes("beta");
    assert.deepEqual(
      story.site("beta").removals.map(({ key, cause }) => [key, cause]),
      [[`oneflow ${id}`, "teardown"]],
    );
  });

  it("is not the service whose answer is still awaited", () => {
    const story = aFederation().trusted().begins("beta");
    story.happens(
      { type: "template-registered", site: zone("beta"), templateId: 5 },
      { type: "deployment-intended", site: zone("beta"), sequence: 2, tag: tag(story, 2) },
    );
    duplicate(story, tag(story, 2));
    assert.deepEqual(news(story, "beta"), []);
    duplicate(story, tag(story, 1));
    assert.deepEqual(news(story, "beta"), ["duplicate-found"]);
  });

  it("is none of another federation's, of another site's, or without an attempt", () => {
    const story = aFederation().running();
    duplicate(story, tag(story, 1, "beta", "f99999999999"));
    duplicate(story, tag(story, 1, "gamma"));
    duplicate(story, "something else");
    story.zone("beta").addService({ name: "theirs", state: "running", vmIds: [], log: [], errors: [] });
    assert.deepEqual(news(story, "beta"), []);
  });
});

describe("what guests say", () => {
  it("is kept when it is one of the protocol's words, and nothing otherwise", () => {
    const story = aFederation().approved().deployed("alpha");
    story.says("alpha", { FL_STAGE: "<!channel>", FL_REASON: "none", FL_LINK: "ok " }).observes("alpha");
    assert.equal(story.vm("alpha").seen.stage, null);
    const live = story.live.sites.get(zone("alpha"))?.vms.get(story.vm("alpha").vmId);
    assert.deepEqual([live?.stage, live?.reason, live?.link], [null, "none", null]);
  });

  it("is journalled as far as decisions rest on it: the furthest stage, not each that it falls back to", () => {
    const story = aFederation().running();
    for (const stage of ["starting", "failed", "booting", "serving"]) {
      assert.deepEqual(news(story.says("beta", { FL_STAGE: stage, FL_REASON: "clock" }), "beta"), []);
    }
  });

  it("a list of nodes that cannot be read changes nothing", () => {
    const story = aFederation().running();
    const { nodes } = story.live;
    story.says("alpha", { FL_NODES: "rubbish" });
    assert.deepEqual(news(story, "alpha"), []);
    assert.deepEqual(story.live.nodes, nodes);
  });

  it("of more VMs than a site could ever have is not kept", () => {
    const story = aFederation().running();
    for (let nth = 0; nth < 100; nth += 1) story.zone("beta").addVm({ ...story.vmFacts("beta"), id: 9000 + nth });
    assert.ok(story.observes("beta").vms("beta").length <= 10);
  });
});
