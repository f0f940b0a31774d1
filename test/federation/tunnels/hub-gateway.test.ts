/** A VM before the SuperLink as the hub of a federation's tunnels. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { revocations } from "../../../src/federation/deciding/revocations.ts";
import { hubKey } from "../../../src/federation/model/hub.ts";
import { flowerPart, gatewayAddress, type SitePlan } from "../../../src/federation/model/plan.ts";
import { rebootable } from "../../../src/federation/model/reboot.ts";
import type { NetworkFacts, ZoneSurvey } from "../../../src/federation/model/zone-facts.ts";
import { dialledHosts, serviceOrder, serviceTemplateFor, vmOrder } from "../../../src/federation/proposing/manifest.ts";
import { choiceFor } from "../../../src/federation/proposing/plan-making.ts";
import { decodeTunnelPeers, type TunnelPeers } from "../../../src/guest-protocol/tunnel.ts";
import { TakenAddresses } from "../../../src/store/taken-addresses.ts";
import { adjust, retry, rotateTunnelKeys } from "../../builders/commands.ts";
import { aZone, SHIPPED, sitesOf, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { rotates } from "../../builders/rotating.ts";
import { aNetwork, aTemplate } from "../../builders/survey.ts";
import { aTunnelKey } from "../../builders/tunnel-key.ts";

const HUB = { host: "198.51.100.7", port: 51820 } as const;
const CROSSING = { kind: "wireguard", hub: HUB, range: "10.99.0.0/23" } as const;
const BOTH = {
  kind: "both",
  hub: HUB,
  range: "10.99.0.0/23",
  address: { kind: "picked", port: 9092, privateIsReachable: false },
} as const;
const INSIDE = "10.99.0.0:9092";
const A_WHILE = 40;
const NAMED = { superlink: "Flower SuperLink", supernode: { none: "Flower SuperNode" }, gateway: "Flower gateway" };
/** Places of the coordinator's VMs, and of one that comes later. */
const [GATEWAY, SUPERLINK, ANEW] = [0, 1, 2];

const gateway = aTemplate({ id: 40, name: "Flower gateway", cpu: 1, memory: 512 });

interface Asked {
  readonly crossing?: typeof CROSSING | typeof BOTH;
  readonly withoutServices?: readonly string[];
  readonly way?: "own" | "gateway" | "router";
  readonly named?: typeof NAMED | (Omit<typeof NAMED, "gateway"> & { readonly gateway: null });
}

/** Alpha coordinates, with a gateway. */
function passed({ crossing = CROSSING, withoutServices = [], way = "gateway", named = NAMED }: Asked = {}): Story {
  const zones = ["alpha", "beta", "gamma"].map((name) =>
    aZone(name, {
      templates: named,
      tunnelWay: name === "alpha" ? way : "own",
      ...(withoutServices.includes(name) ? { deploy: "vms" as const } : {}),
    }),
  );
  const tunnelled = crossing.kind === "both" ? { tunnelled: ["beta"] } : {};
  const story = aFederation({ crossing, ...tunnelled, context: { sites: sitesOf(zones) } });
  return way === "gateway" ? story.shows("alpha", (usual) => ({ ...usual, gateway })) : story;
}

const planOf = (story: Story, name = "alpha"): SitePlan => story.proposal(name).plan;
const superLinkAddress = (plan: SitePlan): string | null => flowerPart(plan).nics[0]?.address ?? null;
const problems = (story: Story, name = "alpha"): readonly string[] => story.site(name).problems.map(({ code }) => code);
/** The other ends that a VM was told. */
function told(story: Story, name: string, nth: number): TunnelPeers["peers"] {
  const decoded = decodeTunnelPeers(story.vmFacts(name, nth).attributes["WG_PEERS"] ?? "");
  assert.ok(decoded.ok);
  return decoded.value.peers;
}
const hubTold = (story: Story, nth: number) => told(story, "alpha", nth).map(({ key, allowed }) => [key, allowed]);
const causes = (story: Story): readonly string[] =>
  [...story.federation.conditions.values()].flatMap(({ raised, code, subject, vmIds }) =>
    raised && subject.kind !== "zone" ? [`${subject.kind} ${subject.site} ${code} ${vmIds.join()}`] : [],
  );

describe("a coordinator's gateway", () => {
  it("is made before the SuperLink, with addresses of both in the digest, and alone is an end of the tunnels", () => {
    const plan = planOf(passed().planned());
    assert.deepEqual(
      plan.parts.map(({ name, vms, template }) => [name, vms, template.name]),
      [
        ["gateway", 1, "Flower gateway"],
        ["superlink", 1, "Flower SuperLink"],
      ],
    );
    const [own, behind] = [gatewayAddress(plan), superLinkAddress(plan)];
    assert.ok(own !== null && behind !== null && own !== behind);
    const { roles } = serviceOrder(plan, SHIPPED.coordinator, "tag", "certificate");
    assert.deepEqual(
      roles.map(({ name, context, nics }) => ({
        name,
        ip: nics[0]?.IP,
        kind: context["WG_KIND"],
        address: context["WG_ADDRESS"],
        port: context["WG_PORT"],
        passesTo: context["WG_SUPERLINK"],
        dials: context["FL_SUPERLINK_ADDRESS"],
        isDialledAt: context["FL_DIALLED_ADDRESS"],
      })),
      [
        {
          name: "gateway",
          ip: own,
          kind: "gateway",
          address: "10.99.0.0/31",
          port: "51820",
          passesTo: behind,
          dials: INSIDE,
          isDialledAt: undefined,
        },
        {
          name: "superlink",
          ip: behind,
          kind: undefined,
          address: undefined,
          port: undefined,
          passesTo: undefined,
          dials: undefined,
          isDialledAt: INSIDE,
        },
      ],
    );
    assert.deepEqual(
      dialledHosts(plan).map(({ value }) => value),
      ["10.99.0.0"],
    );
  });

  it("comes up before the SuperLink, as OneFlow's role and as the first VM without OneFlow", () => {
    const plan = planOf(passed().planned());
    assert.deepEqual(
      serviceTemplateFor(plan, SHIPPED.coordinator).roles.map(({ name, template_id, parents }) => [
        name,
        template_id,
        parents,
      ]),
      [
        ["gateway", 40, undefined],
        ["superlink", 20, ["gateway"]],
      ],
    );
    const order = serviceOrder(plan, SHIPPED.coordinator, "tag", "certificate");
    assert.deepEqual(
      [1, 2].map((number) => vmOrder(plan, order, SHIPPED.coordinator, number).context["FL_ROLE"]),
      ["gateway", "superlink"],
    );
  });

  it("changes no other site's plan", () => {
    const [own, through] = [passed({ way: "own" }).planned(), passed().planned()];
    for (const name of ["beta", "gamma"]) assert.deepEqual(planOf(through, name), planOf(own, name));
  });

  it("is none where its zone's router has the tunnels of what trains there, and where an owner wants none", () => {
    for (const story of [passed({ way: "router" }), passed()]) {
      story.planned();
      story.shows("alpha", (usual) => usual);
      if (planOf(story).parts.length > 1) story.does(adjust("alpha", { tunnelWay: "own" }));
      assert.deepEqual(
        planOf(story).parts.map(({ name, nics }) => [name, nics[0]?.address]),
        [["superlink", null]],
      );
    }
  });

  it("can be chosen by an owner, and votes before that are void", () => {
    const story = passed({ way: "own" }).planned().approvedBy("beta");
    story.shows("alpha", (usual) => ({ ...usual, gateway })).does(adjust("alpha", { tunnelWay: "gateway" }));
    assert.equal(planOf(story).parts.length, 2);
    assert.equal(story.site("alpha").approvalState, "approved");
    assert.equal(story.site("beta").approvalState, "approved", "what beta approved has not changed");
  });

  it("leaves a public address to the SuperLink, which both ways then have", () => {
    const story = passed({ crossing: BOTH }).planned();
    const plan = planOf(story);
    assert.equal(superLinkAddress(plan), story.federation.address);
    assert.notEqual(gatewayAddress(plan), story.federation.address);
    assert.deepEqual(
      dialledHosts(plan).map(({ value }) => value),
      [story.federation.address, "10.99.0.0"],
    );
  });

  it("keeps both addresses while they are to be had, and asks anew when one is not", () => {
    for (const taken of [gatewayAddress, superLinkAddress]) {
      const story = passed().planned().approved();
      const [before, gone] = [planOf(story), taken(planOf(story)) ?? ""];
      story.shows("alpha", (usual) => ({ ...usual, gateway, network: aNetwork({ leased: [gone] }) })).begins("alpha");
      const after = planOf(story);
      assert.notEqual(taken(after), gone);
      const other = taken === gatewayAddress ? superLinkAddress : gatewayAddress;
      assert.equal(other(after), other(before));
      assert.equal(story.site("alpha").deployment, null, "what would run is not what was approved");
    }
  });

  it("moves from addresses that the zone did not lease", () => {
    const story = passed().planned().approved();
    const before = planOf(story);
    story.begins("alpha");
    story.happens({ type: "site-failed", site: zone("alpha"), reason: { code: "address-refused", detail: "" } });
    story.does(retry("alpha")).begins("alpha");
    assert.notEqual(gatewayAddress(planOf(story)), gatewayAddress(before));
    assert.notEqual(superLinkAddress(planOf(story)), superLinkAddress(before));
  });

  it("has another address than the gateway of what trains in the same zone", () => {
    const [one, other] = ["alpha", "alpha/training"].map((name) =>
      aZone(name, { templates: NAMED, tunnelWay: "gateway", channel: aZone("alpha").channel }),
    );
    assert.ok(one !== undefined && other !== undefined);
    const sites = sitesOf([one, other, aZone("beta")]);
    const story = aFederation({ zones: ["alpha", "alpha/training", "beta"], crossing: CROSSING, context: { sites } });
    const five = aNetwork({ ranges: [{ first: "10.0.0.5", last: "10.0.0.9" }], leased: [] });
    for (const name of ["alpha", "alpha/training"]) {
      story.shows(name, (usual) => ({ ...usual, gateway, network: five }));
    }
    story.planned();
    const asked = ["alpha", "alpha/training"].flatMap((name) =>
      planOf(story, name).parts.flatMap(({ nics }) => nics.flatMap(({ address }) => address ?? [])),
    );
    assert.equal(new Set(asked).size, 3);
  });

  it("has addresses that no other federation has asked for", () => {
    const taken = new TakenAddresses();
    const story = passed().planned();
    taken.change(null, story.federation);
    const others = taken.but(undefined).get(zone("alpha"));
    assert.ok(others?.has(gatewayAddress(planOf(story)) ?? ""));
    assert.ok(others?.has(superLinkAddress(planOf(story)) ?? ""));
    taken.change(story.federation, null);
    assert.equal(taken.but(undefined).get(zone("alpha"))?.size ?? 0, 0);
  });

  it("is refused before anybody is asked where the zone has no template, no room, no way in or no way to the SuperLink", () => {
    const without = { ...NAMED, gateway: null };
    assert.deepEqual(problems(passed({ named: without }).planned()), ["gateway-not-offered"]);
    const seen = (changes: Partial<ZoneSurvey>): readonly string[] =>
      problems(
        passed()
          .shows("alpha", (usual) => ({ ...usual, gateway, ...changes }))
          .planned(),
      );
    const closed = [{ first: 22, last: 22 }];
    assert.deepEqual(seen({ openPorts: closed }), ["tunnel-port-closed"]);
    assert.deepEqual(seen({ gatewayWays: closed }), ["gateway-superlink-way-out-closed"]);
    assert.deepEqual(seen({ gatewayDoors: closed }), ["gateway-superlink-way-in-closed"]);
    const network = (changes: Partial<NetworkFacts>) => ({ network: aNetwork(changes) });
    const one = [{ first: "10.0.0.5", last: "10.0.0.5" }];
    assert.deepEqual(seen(network({ ranges: one, leased: [] })), ["no-free-address"]);
    assert.deepEqual(seen(network({ guestMtu: 1300 })), ["tunnel-mtu"]);
    const all = [{ first: "203.0.113.20", last: "203.0.113.99" }];
    assert.deepEqual(seen(network({ filtered: all })), [], "it translates");
  });

  it("is asked of the zone as who dials the SuperLink, and has UDP let in", () => {
    const story = passed();
    const choice = choiceFor(story.federation, story.site("alpha"), story.context);
    assert.ok(!("code" in choice));
    assert.deepEqual(
      [choice.gateway, choice.gatewayDials, choice.opens],
      ["Flower gateway", true, { protocol: "udp", direction: "inbound" }],
    );
  });

  for (const withoutServices of [[], ["alpha"]]) {
    it(`has the key that counts as the hub's, and no SuperLink is trusted before it is known, ${withoutServices.length === 0 ? "in a service" : "without one"}`, () => {
      const story = passed({ withoutServices }).approved().deployed("alpha").certified();
      story.says("alpha", story.announcement(), SUPERLINK).observes("alpha");
      assert.equal(story.federation.verifiedVm, null);
      story.showsTunnelKey("alpha", SUPERLINK, "a SuperLink that would be the hub").observes("alpha").tunnels();
      assert.equal(hubKey(story.federation), null);
      story.showsTunnelKey("alpha", GATEWAY, "hub").observes("alpha").tunnels();
      assert.equal(story.federation.verifiedVm, story.vm("alpha", SUPERLINK).vmId);
      assert.equal(hubKey(story.federation), aTunnelKey("hub"));
    });
  }

  it("gets no certificate, whatever it asks for, and is never taken for the SuperLink", () => {
    const story = passed().approved().deployed("alpha");
    story.says("alpha", { FL_TLS_CSR: "request", FL_STAGE: "serving" }, GATEWAY).observes("alpha");
    assert.equal(story.vm("alpha", GATEWAY).seen.request, null);
    assert.ok(!story.due().some((task) => task.startsWith("certify")));
    story.certified().showsTunnelKey("alpha", GATEWAY, "hub");
    story.says("alpha", story.announcement(), GATEWAY).observes("alpha");
    assert.equal(story.federation.verifiedVm, null);
  });

  it("is told every site's end, and sites are told of it", () => {
    const story = passed().running();
    assert.deepEqual([story.status("beta"), story.status("gamma")], ["up", "up"]);
    assert.equal(told(story, "alpha", GATEWAY).length, 4);
    assert.equal(story.vmFacts("alpha", SUPERLINK).attributes["WG_PEERS"], undefined);
    assert.deepEqual(
      told(story, "beta", 0).map(({ key, endpoint, allowed }) => [key, endpoint, allowed]),
      [[hubKey(story.federation), "198.51.100.7:51820", ["10.99.0.0/32"]]],
    );
  });

  it("changes its key as a SuperLink that is the hub does", () => {
    const story = passed().running().observesAll();
    const before = hubKey(story.federation);
    story.does(rotateTunnelKeys("alpha"));
    rotates(story);
    const after = hubKey(story.federation);
    assert.ok(after !== null && after !== before);
    assert.equal(story.vm("alpha", GATEWAY).tunnelKey, after);
  });

  it("that is made anew beside the same SuperLink is the hub once the first is gone, and learns every site's end", () => {
    const story = passed().running().observesAll();
    const [site, first, ends] = [zone("alpha"), story.vm("alpha", GATEWAY), hubTold(story, GATEWAY)];
    story.zone("alpha").addVm({ ...story.vmFacts("alpha", GATEWAY), attributes: {}, id: 9999 });
    story.observes("alpha").showsTunnelKey("alpha", ANEW, "anew").observes("alpha").tunnels();
    assert.equal(hubKey(story.federation), first.tunnelKey);
    story.zone("alpha").removeVm(first.vmId);
    story.happens({ type: "vm-gone", site, vmId: first.vmId }, ...revocations(story.federation, site, first.vmId));
    story.observes("alpha").tunnels();
    assert.equal(hubKey(story.federation), aTunnelKey("anew"));
    assert.equal(story.federation.tunnelKeys.get(first.tunnelKey ?? "")?.revoked, true);
    assert.deepEqual(hubTold(story, ANEW), ends);
    for (const name of ["beta", "gamma"]) assert.equal(told(story, name, 0)[0]?.key, aTunnelKey("anew"));
    assert.equal(story.federation.verifiedVm, story.vm("alpha", SUPERLINK).vmId);
  });

  it("is told as what does not run, at the sites that it is the hub for and with the VM that it is", () => {
    const story = passed().running().observesAll();
    const { vmId } = story.vm("alpha", GATEWAY);
    story.zone("alpha").changeVm(vmId, (vm) => ({ ...vm, state: "poweroff" }));
    story.says("beta", { FL_LINK: "tunnel-silent", FL_REASON: "link-down" }).watchesAll(A_WHILE);
    const found = causes(story);
    assert.ok(found.includes(`site alpha vm-stopped ${vmId}`), found.join("; "));
    assert.ok(
      found.some((one) => one.startsWith("link beta hub-gateway-down")),
      found.join("; "),
    );
  });

  it("is told as what does not reach the SuperLink only while that serves", () => {
    const away = { FL_STAGE: "starting", FL_LINK: "unreachable", FL_REASON: "link-down" };
    const coming = passed().approved().deployed("alpha").says("alpha", away, GATEWAY).watchesAll(A_WHILE);
    assert.deepEqual(causes(coming), []);
    const story = passed().running().observesAll().says("alpha", away, GATEWAY).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), [`site alpha hub-gateway-does-not-pass ${story.vm("alpha", GATEWAY).vmId}`]);
  });

  it("can be rebooted where that cures it", () => {
    const story = passed().running().observesAll();
    const { vmId } = story.vm("alpha", GATEWAY);
    story.says("alpha", { FL_REASON: "agent-error" }, GATEWAY).watchesAll(A_WHILE);
    assert.deepEqual([...rebootable(story.federation, story.site("alpha")).keys()], [vmId]);
  });
});
