/** A zone's own router as that site's end of the tunnels. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasHubChanged } from "../../../src/federation/model/router.ts";
import { tunnelStates } from "../../../src/federation/observing/tunnels.ts";
import { serviceOrder } from "../../../src/federation/proposing/manifest.ts";
import { decodeTunnelPeers, encodeTunnelLinks } from "../../../src/guest-protocol/tunnel.ts";
import { adjust, giveRouterKey, retire, retry } from "../../builders/commands.ts";
import { aZone, SHIPPED, STRANGER, sitesOf, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { loneOrder } from "../../builders/order.ts";
import { aNetwork } from "../../builders/survey.ts";
import { aTunnelKey } from "../../builders/tunnel-key.ts";

const CROSSING = { kind: "wireguard", hub: { host: "198.51.100.7", port: 51820 }, range: "10.99.0.0/23" } as const;
const KEY = aTunnelKey("gamma's router");
/** Long enough for everything that stands to be told. */
const A_WHILE = 40;

/** Gamma's router is to have its end; beta's VMs have theirs. */
const routed = (): Story =>
  aFederation({
    crossing: CROSSING,
    context: { sites: sitesOf([aZone("alpha"), aZone("beta"), aZone("gamma", { tunnelWay: "router" })]) },
  });

const begins = (story: Story): boolean => story.due().includes("begin gamma");

function hubTold(story: Story) {
  const { vmId } = story.vm("alpha");
  const vm = story
    .zone("alpha")
    .vms(story.serviceId("alpha"))
    .find(({ id }) => id === vmId);
  const decoded = decodeTunnelPeers(vm?.attributes["WG_PEERS"] ?? "");
  return decoded.ok ? decoded.value.peers : [];
}

/** How its tunnel with gamma's router does, and what it has dropped of it. */
const hubSays = (story: Story, age: number | null, dropped: { forged?: number; strays?: number } = {}): Story => {
  const { forged = 0, strays = 0 } = dropped;
  const peer = { key: KEY, age, rx: 1 + forged, tx: 1, endpoint: null, allowed: ["10.99.0.5/32"], moves: 0 };
  const links = { peers: [peer], knocks: [], strays: [{ from: "10.99.0.5", count: strays }], forged };
  return story.says("alpha", { WG_LINKS: encodeTunnelLinks(links) });
};

const causes = (story: Story): readonly string[] =>
  [...story.federation.conditions.values()].flatMap(({ raised, code, subject }) =>
    raised && subject.kind === "link" ? [`${subject.site} ${code}`] : [],
  );

describe("a zone's own router", () => {
  it("has the site's first pair; its VMs dial the tunnel's address without an end of their own", () => {
    const story = routed().planned();
    const { plan } = story.proposal("gamma");
    assert.ok(plan.link.kind === "wireguard");
    assert.deepEqual([plan.link.way, plan.link.pairs?.first, plan.link.mtu], ["router", 2, 1420]);
    const { context, userInputs } = loneOrder(serviceOrder(plan, SHIPPED.training, "tag", "certificate"));
    assert.deepEqual([context["WG_KIND"], userInputs["FL_SUPERLINK_ADDRESS"]], ["router", "10.99.0.0:9092"]);
    const small = routed().shows("gamma", (usual) => ({ ...usual, network: aNetwork({ guestMtu: 1300 }) }));
    assert.deepEqual(small.planned().site("gamma").problems, [], "the VMs' cards are not the router's");
  });

  it("is refused before anybody is asked where the zone has no channel for its configuration", () => {
    const zones = sitesOf([aZone("alpha"), aZone("beta"), aZone("gamma", { tunnelWay: "router", channel: null })]);
    const story = aFederation({ crossing: CROSSING, context: { sites: zones } }).planned();
    assert.deepEqual(
      story.site("gamma").problems.map(({ code }) => code),
      ["router-without-channel"],
    );
    const without = aFederation({ context: { sites: zones } }).planned();
    assert.deepEqual(without.site("gamma").problems, []);
  });

  it("holds its site back until an owner gives its key, and the hub is told of it as of a VM", () => {
    const story = routed().trusted();
    assert.ok(!begins(story));
    assert.equal(story.refusalOf(giveRouterKey("gamma", KEY, STRANGER)), "not-an-owner");
    assert.equal(story.refusalOf(giveRouterKey("beta", KEY)), "no-router-planned");
    story.does(giveRouterKey("gamma", KEY)).tunnels();
    assert.ok(begins(story));
    assert.deepEqual(hubTold(story), [{ key: KEY, endpoint: null, allowed: ["10.99.0.5/32"], replaces: null }]);
    story.running();
    assert.ok(story.deployment("gamma").upAt !== null);
  });

  it("has a key that no other end has", () => {
    const story = routed().trusted();
    assert.equal(story.refusalOf(giveRouterKey("gamma", story.vm("alpha").tunnelKey ?? "")), "router-key-taken");
    story.does(giveRouterKey("gamma", KEY)).deployed("beta").showsTunnelKey("beta", 0, "gamma's router");
    story.observes("beta").tunnels();
    assert.deepEqual(
      story.vm("beta").refusedTunnelKeys.map(({ code }) => code),
      ["tunnel-key-duplicate"],
    );
    assert.deepEqual(
      hubTold(story).map(({ key }) => key),
      [KEY],
      "and keeps it, whoever publishes it",
    );
  });

  it("keeps its addresses from a VM behind it that publishes a key of its own", () => {
    const story = routed().trusted().does(giveRouterKey("gamma", KEY)).tunnels().deployed("gamma");
    story.showsTunnelKey("gamma", 0, "a VM behind the router").observes("gamma").tunnels();
    assert.deepEqual(
      hubTold(story).map(({ key }) => key),
      [KEY],
    );
  });

  it("stays known while its site is tried again, gives way to another key, and is forgotten when the site is retired", () => {
    const story = routed().trusted().does(giveRouterKey("gamma", KEY)).tunnels().running();
    const known = (): readonly string[] => hubTold(story.tunnels()).map(({ key }) => key);
    story.happens({ type: "site-failed", site: zone("gamma"), reason: { code: "deployment-failed", detail: "" } });
    story.does(retry("gamma")).begins("gamma");
    assert.ok(known().includes(KEY));
    const other = aTunnelKey("gamma's new router");
    story.does(giveRouterKey("gamma", other));
    assert.deepEqual([known().includes(KEY), known().includes(other)], [false, true]);
    story.does(retire("gamma"));
    assert.ok(!known().includes(other));
  });

  it("is chosen by an owner at approval, in place of the VMs themselves or the other way round", () => {
    const story = routed().planned();
    story.does(adjust("gamma", { tunnelWay: "own" })).does(adjust("beta", { tunnelWay: "router" }));
    const ways = ["beta", "gamma"].map((name) => {
      const { link } = story.proposal(name).plan;
      return link.kind === "wireguard" ? link.way : null;
    });
    assert.deepEqual(ways, ["router", "own"]);
  });

  it("is told as silent, or as not passing on, by what the hub hears of it and how the VMs' dial ends", () => {
    for (const [age, code] of [
      [400, "router-silent"],
      [null, "router-silent"],
      [5, "router-does-not-pass"],
    ] as const) {
      const story = routed().trusted().does(giveRouterKey("gamma", KEY)).tunnels().running();
      hubSays(story, 5).observesAll();
      assert.deepEqual(
        tunnelStates(story.federation, story.live).filter(({ site }) => site === "gamma"),
        [{ site: "gamma", vmId: null, age: 5, isAlive: true }],
      );
      hubSays(story, age).says("gamma", { FL_LINK: "unreachable", FL_REASON: "link-down" }).watchesAll(A_WHILE);
      assert.deepEqual(causes(story), [`gamma ${code}`]);
      hubSays(story, 5).says("gamma", { FL_LINK: "ok", FL_REASON: "none" }).watchesAll(A_WHILE);
      assert.deepEqual(causes(story), []);
    }
  });

  it("is told as one without the hub's key of today while it knocks in vain, however young its last handshake is", () => {
    const story = routed().trusted().does(giveRouterKey("gamma", KEY)).tunnels().running();
    const hubHears = (age: number, count: number): Story => {
      const peer = { key: KEY, age, rx: 1, tx: 1, endpoint: "203.0.113.9:4000", allowed: ["10.99.0.5/32"], moves: 0 };
      const links = { peers: [peer], knocks: [{ from: "203.0.113.9", count }], strays: [], forged: 0 };
      return story.says("alpha", { WG_LINKS: encodeTunnelLinks(links) });
    };
    hubHears(5, 1).observesAll();
    hubHears(40, 9).says("gamma", { FL_LINK: "unreachable", FL_REASON: "link-down" }).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["gamma router-other-key"]);
    hubHears(400, 20).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["gamma router-other-key"]);
    hubHears(5, 21).says("gamma", { FL_LINK: "ok", FL_REASON: "none" }).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), []);
  });

  it("is told as one that has not followed as soon as the hub, with another key, has had no handshake with it", () => {
    const story = routed().trusted().does(giveRouterKey("gamma", KEY)).tunnels().running();
    const hubHears = (age: number | null): Story => {
      const peer = { key: KEY, age, rx: 1, tx: 1, endpoint: "203.0.113.9:4000", allowed: ["10.99.0.5/32"], moves: 0 };
      return story.says("alpha", { WG_LINKS: encodeTunnelLinks({ peers: [peer], knocks: [], strays: [], forged: 0 }) });
    };
    hubHears(5).observesAll();
    assert.ok(!hasHubChanged(story.federation, story.site("gamma")));
    story
      .says("alpha", { WG_PUBLIC_KEY: aTunnelKey("the hub's next") })
      .observes("alpha")
      .tunnels();
    assert.ok(hasHubChanged(story.federation, story.site("gamma")));
    hubHears(null).says("gamma", { FL_LINK: "unreachable", FL_REASON: "link-down" }).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["gamma router-other-key"]);
    story.does(giveRouterKey("gamma", KEY));
    assert.ok(
      !hasHubChanged(story.federation, story.site("gamma")),
      "the same key given again says that it has followed",
    );
    hubHears(5).says("gamma", { FL_LINK: "ok", FL_REASON: "none" }).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), []);
  });

  it("is told as one that sends with another address than its own inside, and as one that sends elsewhere", () => {
    const story = routed().trusted().does(giveRouterKey("gamma", KEY)).tunnels().running();
    hubSays(story, 5).observesAll();
    hubSays(story, 5, { forged: 9 }).says("gamma", { FL_LINK: "unreachable", FL_REASON: "link-down" });
    story.watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["gamma router-other-address"]);
    hubSays(story, 5, { strays: 7 }).says("gamma", { FL_LINK: "ok", FL_REASON: "none" }).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["gamma tunnel-strays"]);
  });
});
