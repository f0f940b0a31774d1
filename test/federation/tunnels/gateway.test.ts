/** A VM of a zone as that site's end of the tunnels. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gatewayAddress, type SitePlan } from "../../../src/federation/model/plan.ts";
import type { VmTemplateFacts } from "../../../src/federation/model/zone-facts.ts";
import { serviceOrder, serviceTemplateFor, vmOrder } from "../../../src/federation/proposing/manifest.ts";
import { TakenAddresses } from "../../../src/store/taken-addresses.ts";
import { adjust, retry } from "../../builders/commands.ts";
import { aZone, SHIPPED, sitesOf, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aHeadroom, aNetwork, aTemplate } from "../../builders/survey.ts";

const CROSSING = { kind: "wireguard", hub: { host: "198.51.100.7", port: 51820 }, range: "10.99.0.0/23" } as const;
const A_WHILE = 40;
const NAMED = { superlink: "Flower SuperLink", supernode: { none: "Flower SuperNode" }, gateway: "Flower gateway" };

const gatewayTemplate = (changes: Partial<VmTemplateFacts> = {}): VmTemplateFacts =>
  aTemplate({ id: 40, name: "Flower gateway", cpu: 1, memory: 512, ...changes });

/** Gamma's gateway is to have its end; beta's VMs have theirs, or its gateway too. */
function passed(ways: Readonly<Record<string, "own" | "gateway">> = { gamma: "gateway" }): Story {
  const zones = ["alpha", "beta", "gamma"].map((name) =>
    aZone(name, { templates: NAMED, tunnelWay: ways[name] ?? "own" }),
  );
  const story = aFederation({ crossing: CROSSING, context: { sites: sitesOf(zones) } });
  for (const [name, way] of Object.entries(ways)) {
    if (way === "gateway") story.shows(name, (usual) => ({ ...usual, gateway: gatewayTemplate() }));
  }
  return story;
}

const planOf = (story: Story, name: string): SitePlan => story.proposal(name).plan;
const problems = (story: Story, name: string): readonly string[] => story.site(name).problems.map(({ code }) => code);
const causes = (story: Story): readonly string[] =>
  [...story.federation.conditions.values()].flatMap(({ raised, code, subject }) =>
    raised && subject.kind === "link" ? [`${subject.site} ${code}`] : [],
  );
const linkOf = (story: Story) => {
  const { link } = planOf(story, "gamma");
  assert.ok(link.kind === "wireguard");
  return link;
};

describe("a zone's gateway", () => {
  it("is a part before the SuperNodes, with an address that is part of the digest and that they are told", () => {
    const story = passed().planned();
    const plan = planOf(story, "gamma");
    assert.deepEqual(
      plan.parts.map(({ name, vms, template }) => [name, vms, template.name]),
      [
        ["gateway", 1, "Flower gateway"],
        ["supernode", 2, "Flower SuperNode"],
      ],
    );
    const address = gatewayAddress(plan);
    assert.ok(address !== null);
    const { roles } = serviceOrder(plan, SHIPPED.training, "tag", "certificate");
    assert.deepEqual(
      roles.map(({ name, context, nics }) => [name, context["WG_KIND"], context["WG_GATEWAY"], nics[0]?.IP]),
      [
        ["gateway", "gateway", undefined, address],
        ["supernode", "gateway", address, undefined],
      ],
    );
    assert.equal(linkOf(story).way, "gateway");
  });

  it("comes up before the others, as OneFlow's role that they wait for, and as the first VM without OneFlow", () => {
    const plan = planOf(passed().planned(), "gamma");
    const { roles } = serviceTemplateFor(plan, SHIPPED.training);
    assert.deepEqual(
      roles.map(({ name, template_id, parents }) => [name, template_id, parents]),
      [
        ["gateway", 40, undefined],
        ["supernode", 21, ["gateway"]],
      ],
    );
    const order = serviceOrder(plan, SHIPPED.training, "tag", "certificate");
    assert.deepEqual(
      [1, 2, 3].map((number) => vmOrder(plan, order, SHIPPED.training, number).context["FL_ROLE"]),
      ["gateway", "supernode", "supernode"],
    );
  });

  it("names nothing that the SuperLink's certificate or another site's plan would have to know", () => {
    const [own, through] = [passed({}).planned(), passed().planned()];
    for (const name of ["alpha", "beta"]) assert.deepEqual(planOf(through, name).parts, planOf(own, name).parts);
    assert.deepEqual(planOf(through, "gamma").endpoint, planOf(own, "gamma").endpoint);
  });

  it("keeps its address while that is to be had, and moves when it is not", () => {
    const story = passed().planned();
    const address = gatewayAddress(planOf(story, "gamma")) ?? "";
    story.does(adjust("gamma", { superNodes: 1 }));
    assert.equal(gatewayAddress(planOf(story, "gamma")), address);
    story.trusted();
    story.shows("gamma", (usual) => ({ ...usual, network: aNetwork({ leased: [address] }) }));
    story.begins("gamma");
    assert.notEqual(gatewayAddress(planOf(story, "gamma")), address);
  });

  it("moves from an address that the zone did not lease, however free it seems", () => {
    const story = passed().planned().approved();
    const address = gatewayAddress(planOf(story, "gamma")) ?? "";
    story.trusted().deployed("gamma");
    story.happens({ type: "site-failed", site: zone("gamma"), reason: { code: "address-refused", detail: "" } });
    story.does(retry("gamma")).begins("gamma");
    assert.notEqual(gatewayAddress(planOf(story, "gamma")), address);
  });

  it("has an address that no other federation has asked for", () => {
    const taken = new TakenAddresses();
    const story = passed().planned();
    taken.change(null, story.federation);
    const address = gatewayAddress(planOf(story, "gamma")) ?? "";
    assert.ok(taken.but(undefined).get(zone("gamma"))?.has(address));
    assert.ok(!taken.but(story.federation).get(zone("gamma"))?.has(address));
  });

  it("is refused before anybody is asked where the zone has no template for it, no room, or no way out for it", () => {
    const without = aFederation({
      crossing: CROSSING,
      context: { sites: sitesOf([aZone("alpha"), aZone("beta"), aZone("gamma", { tunnelWay: "gateway" })]) },
    });
    assert.deepEqual(problems(without.planned(), "gamma"), ["gateway-not-offered"]);
    const seen = (changes: Parameters<Story["shows"]>[1]): readonly string[] =>
      problems(passed().shows("gamma", changes).planned(), "gamma");
    const gateway = gatewayTemplate();
    assert.deepEqual(
      seen((usual) => ({ ...usual, gateway: { found: false, because: "missing", asked: "Flower gateway" } })),
      ["template-missing"],
    );
    assert.deepEqual(
      seen((usual) => ({ ...usual, gateway, headroom: aHeadroom({ vms: 2 }) })),
      ["quota-vms"],
    );
    assert.deepEqual(
      seen((usual) => ({ ...usual, gateway, headroom: aHeadroom({ vms: 3, memory: 8192 + 511 }) })),
      ["quota-memory"],
    );
    assert.deepEqual(
      seen((usual) => ({ ...usual, gateway, openPorts: [] })),
      ["tunnel-way-out-closed"],
    );
    assert.deepEqual(
      seen((usual) => ({ ...usual, gateway, gatewayDoors: [{ first: 22, last: 22 }] })),
      ["gateway-way-in-closed"],
    );
    assert.deepEqual(
      seen((usual) => ({ ...usual, gateway, gatewayWays: [{ first: 22, last: 22 }] })),
      ["gateway-way-out-closed"],
    );
    const two = aNetwork({ ranges: [{ first: "10.0.0.5", last: "10.0.0.6" }], leased: [] });
    assert.deepEqual(
      seen((usual) => ({ ...usual, gateway, network: two })),
      ["no-free-address"],
    );
    const small = aNetwork({ guestMtu: 1300 });
    assert.deepEqual(
      seen((usual) => ({ ...usual, gateway, network: small })),
      ["tunnel-mtu"],
    );
    const filtered = aNetwork({ filtered: [{ first: "203.0.113.20", last: "203.0.113.99" }] });
    assert.deepEqual(
      seen((usual) => ({ ...usual, gateway, network: filtered })),
      [],
      "it translates",
    );
  });

  it("has the one tunnel of its site; SuperNodes beside it join without one, and none can take it", () => {
    const story = passed().trusted().running();
    assert.ok(story.deployment("gamma").upAt !== null);
    const ends = [...story.federation.tunnelKeys.values()].filter(({ site }) => site === "gamma");
    assert.deepEqual(
      ends.map(({ vmId, pair }) => [vmId, pair]),
      [[story.vm("gamma", 0).vmId, linkOf(story).pairs?.first]],
    );
    story.showsTunnelKey("gamma", 1, "a SuperNode that would be one").observes("gamma").tunnels();
    assert.equal([...story.federation.tunnelKeys.values()].filter(({ site }) => site === "gamma").length, 1);
    assert.equal(story.vm("gamma", 1).tunnelKey, null);
  });

  it("joins no federation as a SuperNode, whatever key it publishes", () => {
    const story = passed().trusted().running();
    story.publishes("gamma", 0, "of the gateway").observes("gamma");
    assert.equal(story.vm("gamma", 0).seen.key, null);
    assert.ok(!story.due().some((task) => task.startsWith("judge-key gamma")));
  });

  it("is told as one that does not run, as one that passes nothing on, or by what is wrong with its tunnel", () => {
    const unreachable = { FL_LINK: "unreachable", FL_REASON: "link-down" };
    const fresh = (): Story => passed().trusted().running().observesAll();
    const stopped = fresh();
    stopped.zone("gamma").changeVm(stopped.vm("gamma", 0).vmId, (vm) => ({ ...vm, state: "poweroff" }));
    stopped.says("gamma", unreachable, 1).watchesAll(A_WHILE);
    assert.deepEqual(causes(stopped), ["gamma gateway-down"]);
    const deaf = fresh().says("gamma", unreachable, 1).says("gamma", { FL_LINK: "refused" }, 2).watchesAll(A_WHILE);
    assert.deepEqual(causes(deaf), ["gamma gateway-does-not-pass"]);
    const silent = fresh().says("gamma", unreachable, 1);
    silent.says("gamma", { FL_LINK: "tunnel-refused", FL_REASON: "link-down" }, 0).watchesAll(A_WHILE);
    assert.deepEqual(causes(silent), ["gamma link-tunnel-refused"]);
  });

  it("is held to what was approved for it, and a SuperNode to what was for that", () => {
    const story = passed().trusted().approved().begins("gamma").creates("gamma");
    const [gateway] = story.zone("gamma").vms(story.serviceId("gamma"));
    story.zone("gamma").changeVm(gateway?.id ?? -1, (vm) => ({ ...vm, memory: 4096 }));
    story.observes("gamma");
    assert.match(story.deployment("gamma").failure?.reason.detail ?? "", /memory is 4096, approved was 512/);
  });
});
