import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VmFacts } from "../../../src/federation/model/zone-facts.ts";
import { dueTasks } from "../../../src/federation/running/due-tasks.ts";
import { zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const statuses = (story: Story): readonly unknown[] =>
  [...story.federation.sites.values()].map(({ status, online }) => [status, online]);
const kinds = (story: Story): readonly string[] => dueTasks(story.federation, story.context).map(({ kind }) => kind);
const failure = (story: Story, name: string): unknown => story.run(name).failure?.reason.code;
/** What a look tells that was not known before. */
const news = (story: Story, name: string, silent?: ReadonlySet<number>): readonly string[] => {
  const { length } = story.recorded;
  return story.observes(name, silent).typesSince(length);
};
const changeVm = (story: Story, name: string, change: (vm: VmFacts) => Partial<VmFacts>): Story => {
  story.zone(name).changeVm(story.guest(name).vmId, (vm) => ({ ...vm, ...change(vm) }));
  return story;
};

describe("looking at a zone", () => {
  it("tells nothing when nothing has changed", () => {
    const story = aFederation().running();
    for (const name of ["alpha", "beta", "gamma"]) assert.deepEqual(news(story, name), []);
  });

  it("sees VMs come and compares each with the plan before anything of it is believed", () => {
    const story = aFederation().approved().begins("alpha").creates("alpha");
    assert.deepEqual(news(story, "alpha"), ["guest-seen", "guests-verified"]);
    assert.equal(story.guest("alpha").verified, true);
  });

  it("compares a VM only once it has been placed", () => {
    const story = aFederation().approved().begins("alpha").creates("alpha");
    const [vm] = story.zone("alpha").vms(story.run("alpha").serviceId);
    story.zone("alpha").changeVm(vm?.id ?? 0, (now) => ({ ...now, state: "booting", nics: [] }));
    assert.deepEqual(news(story, "alpha"), ["guest-seen"]);
    assert.equal(story.guest("alpha").sighting.state, "coming");
  });

  it("does not call a service vanished that was created after the look", () => {
    const story = aFederation().approved().begins("alpha");
    const early = story.context.now;
    story
      .creates("alpha")
      .zone("alpha")
      .removeService(story.run("alpha").serviceId ?? 0);
    story.inContext({ now: early }).passes(-1000);
    assert.deepEqual(news(story, "alpha"), []);
  });

  it("tells of a service that was deleted before it was up", () => {
    const story = aFederation().approved().deployed("alpha");
    story.zone("alpha").removeService(story.run("alpha").serviceId ?? 0);
    story.observes("alpha");
    assert.equal(failure(story, "alpha"), "service-vanished");
    assert.deepEqual(news(story, "alpha"), []);
  });

  it("tells why OneFlow could not deploy, in the last words of its log", () => {
    const story = aFederation().approved().begins("alpha").creates("alpha");
    story.zone("alpha").changeService(story.run("alpha").serviceId ?? 0, (service) => ({
      ...service,
      state: "failed-deploying",
      log: ["Deploying", "quota of 1 VM exceeded"],
    }));
    story.observes("alpha");
    assert.deepEqual(story.run("alpha").failure?.reason, {
      code: "deployment-failed",
      detail: "quota of 1 VM exceeded",
    });
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
      const [vm] = story.zone("alpha").vms(story.run("alpha").serviceId);
      story.zone("alpha").changeVm(vm?.id ?? 0, (now) => ({ ...now, ...change(now) }));
      story.observes("alpha");
      assert.equal(failure(story, "alpha"), "created-differs");
      story.says("alpha", { FL_STAGE: "awaiting-certificate", FL_TLS_CSR: "request" }).observes("alpha");
      assert.deepEqual(kinds(story), []);
      assert.deepEqual(news(story, "alpha"), []);
    });
  }

  it("is told once, however many of its VMs differ, and none of its keys is judged", () => {
    const story = aFederation().trusted().begins("beta").creates("beta");
    for (const { id } of story.zone("beta").vms(story.run("beta").serviceId)) {
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

describe("a twin", () => {
  const twin = (story: Story, attempt: string): number =>
    story.zone("beta").addService({ name: "twin", state: "running", attempt, vmIds: [], log: [] });
  const tag = (story: Story, sequence: number, site = "beta", federation: string = story.federation.id): string =>
    `${federation}/${site}/${"0".repeat(12)}/${sequence}`;

  it("left by a create whose answer was lost is found at every look and removed, never adopted", () => {
    const story = aFederation().running();
    const serviceId = twin(story, tag(story, 7));
    assert.deepEqual(news(story, "beta"), ["twin-found"]);
    assert.deepEqual(
      story.site("beta").removals.map((removal) => [removal.serviceId, removal.cause]),
      [[serviceId, "twin"]],
    );
    assert.deepEqual(news(story, "beta"), []);
    assert.equal(story.site("beta").status, "up");
    assert.deepEqual(kinds(story), ["remove-service"]);
  });

  it("is found also while nothing of the site runs, and after it was removed an older look tells nothing", () => {
    const story = aFederation().approved();
    const serviceId = twin(story, tag(story, 1));
    assert.deepEqual(news(story, "beta"), ["twin-found"]);
    story.happens({ type: "service-removed", site: zone("beta"), serviceId });
    assert.deepEqual(news(story, "beta"), []);
  });

  it("is not the service whose answer is still awaited", () => {
    const story = aFederation().trusted().begins("beta");
    story.happens(
      { type: "template-registered", site: zone("beta"), templateId: 5 },
      { type: "service-intended", site: zone("beta"), sequence: 2, tag: tag(story, 2) },
    );
    twin(story, tag(story, 2));
    assert.deepEqual(news(story, "beta"), []);
    twin(story, tag(story, 1));
    assert.deepEqual(news(story, "beta"), ["twin-found"]);
  });

  it("is none of another federation's, of another site's, or without an attempt", () => {
    const story = aFederation().running();
    twin(story, tag(story, 1, "beta", "f99999999999"));
    twin(story, tag(story, 1, "gamma"));
    twin(story, "something else");
    story.zone("beta").addService({ name: "theirs", state: "running", vmIds: [], log: [] });
    assert.deepEqual(news(story, "beta"), []);
  });
});

describe("whether a site is up", () => {
  it("is degraded while the SuperLink sees some of its SuperNodes, down when it sees none, and up again after", () => {
    const story = aFederation().running();
    const [first = "", second = ""] = story.guests("beta").map(({ acceptedKey }) => acceptedKey ?? "");
    story.sees("online", { [first]: "offline" });
    assert.deepEqual(statuses(story), [
      ["up", 1],
      ["degraded", 1],
      ["up", 2],
    ]);
    story.sees("online", { [first]: "offline", [second]: "registered" });
    assert.deepEqual(statuses(story), [
      ["up", 1],
      ["down", 0],
      ["up", 2],
    ]);
    story.sees("online");
    assert.deepEqual(statuses(story), [
      ["up", 1],
      ["up", 2],
      ["up", 2],
    ]);
  });

  it("needs each SuperNode's own word too", () => {
    const story = aFederation().running().says("beta", { FL_STAGE: "failed", FL_REASON: "disk-full" }).observes("beta");
    assert.deepEqual(statuses(story)[1], ["degraded", 1]);
    assert.equal(story.guest("beta").sighting.reason, "disk-full");
  });

  it("is not proven by running VMs", () => {
    const story = aFederation().trusted().deployed("beta");
    assert.deepEqual(statuses(story)[1], [null, 0]);
  });

  it("a SuperNode that stopped reporting does not count, and counts again when it reports", () => {
    const story = aFederation().running();
    const { vmId } = story.guest("beta");
    assert.deepEqual(news(story, "beta", new Set([vmId])), ["guest-seen", "site-status-changed"]);
    assert.deepEqual(statuses(story)[1], ["degraded", 1]);
    story.observes("beta");
    assert.deepEqual(statuses(story)[1], ["up", 2]);
  });

  it("a VM that was stopped, failed, was lost sight of or is gone does not count", () => {
    for (const [state, seen] of [
      ["poweroff", "stopped"],
      ["suspended", "stopped"],
      ["undeployed", "stopped"],
      ["stopped", "stopped"],
      ["shutting-down", "stopped"],
      ["powering-off", "stopped"],
      ["failed", "failed"],
      ["unknown", "unknown"],
      ["pending", "coming"],
      ["done", "gone"],
    ] as const) {
      const story = changeVm(aFederation().running(), "beta", () => ({ state })).observes("beta");
      assert.equal(story.guest("beta").sighting.state, seen);
      assert.deepEqual(statuses(story)[1], ["degraded", 1], state);
    }
  });

  it("when the SuperLink dies no site is up, and each is again when it serves again", () => {
    const story = aFederation().running().says("alpha", { FL_STAGE: "failed" }).observes("alpha");
    assert.deepEqual(statuses(story), [
      ["down", 0],
      ["down", 0],
      ["down", 0],
    ]);
    story.says("alpha", { FL_STAGE: "serving" }).observes("alpha");
    assert.deepEqual(statuses(story), [
      ["up", 1],
      ["up", 2],
      ["up", 2],
    ]);
  });

  it("a key that another guest claims to hold counts only for the VM that was admitted with it", () => {
    const story = aFederation().running();
    story.zone("beta").removeVm(story.guest("beta").vmId);
    story.zone("beta").addVm({ ...story.vm("beta", 1), id: 9999 });
    story.observes("beta");
    assert.deepEqual(statuses(story)[1], ["degraded", 1]);
  });

  it("heals a failure that was only slowness", () => {
    const story = aFederation().trusted();
    story.joins("beta");
    story.happens({ type: "site-failed", site: zone("beta"), reason: { code: "serve-timeout", detail: "" } });
    const [key = ""] = story.guests("beta").map(({ acceptedKey }) => acceptedKey ?? "");
    story.sees("online", { [key]: "offline" }).sees("online");
    assert.equal(failure(story, "beta"), undefined);
  });
});

describe("what guests say", () => {
  it("is kept when it is one of the protocol's words, and nothing otherwise", () => {
    const story = aFederation().approved().deployed("alpha");
    story.says("alpha", { FL_STAGE: "<!channel>", FL_REASON: "none", FL_LINK: "ok " }).observes("alpha");
    const { stage, reason, link } = story.guest("alpha").sighting;
    assert.deepEqual([stage, reason, link], [null, "none", null]);
  });

  it("a list of nodes that cannot be read changes nothing", () => {
    const story = aFederation().running();
    const { nodes } = story.federation;
    story.says("alpha", { FL_NODES: "rubbish" });
    assert.deepEqual(news(story, "alpha"), []);
    assert.deepEqual(story.federation.nodes, nodes);
  });

  it("what a guest said last is kept when its VM is gone", () => {
    const story = aFederation().running().says("beta", { FL_STAGE: "failed", FL_REASON: "clock" }).observes("beta");
    story.zone("beta").removeVm(story.guest("beta").vmId);
    story.observes("beta");
    const { state, stage, reason } = story.guest("beta").sighting;
    assert.deepEqual([state, stage, reason], ["gone", "failed", "clock"]);
  });
});
