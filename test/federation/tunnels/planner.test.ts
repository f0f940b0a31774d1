import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { digestOf } from "../../../src/federation/model/digest.ts";
import { overlaps, toNumber } from "../../../src/federation/model/ipv4.ts";
import type { WireGuardLink } from "../../../src/federation/model/plan.ts";
import type { TakenTunnel } from "../../../src/federation/model/policy.ts";
import type { NetworkFacts, PortSpan } from "../../../src/federation/model/zone-facts.ts";
import { serviceOrder } from "../../../src/federation/proposing/manifest.ts";
import { pairIn, spanOfRange } from "../../../src/federation/tunnels/range.ts";
import { requestSite, retire } from "../../builders/commands.ts";
import { aZone, SHIPPED, sitesOf, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { loneOrder } from "../../builders/order.ts";
import { aNetwork } from "../../builders/survey.ts";

const EARLIER = "2026-03-01T08:00:00.000Z";
const HUB = { host: "198.51.100.7", port: 51820 };
const tunnelled = (range: string | null = null) => ({ crossing: { kind: "wireguard", hub: HUB, range } as const });

function linkOf(story: Story, name: string): WireGuardLink {
  const { link } = story.proposal(name).plan;
  assert.ok(link.kind === "wireguard", `${name} has a ${link.kind}`);
  return link;
}

const inNetwork = (story: Story, name: string, changes: Partial<NetworkFacts>): Story =>
  story.shows(name, (usual) => ({ ...usual, network: aNetwork(changes) }));

const problemsOf = (story: Story, name: string): readonly string[] => story.site(name).problems.map(({ code }) => code);

describe("a plan with tunnels", () => {
  it("gives each site pairs of its own, and all dial the hub's address in the first pair", () => {
    const story = aFederation(tunnelled()).planned();
    const range = "10.99.0.0/23";
    const common = { kind: "wireguard", way: "own", hub: HUB, range, mtu: 1420 };
    assert.deepEqual(linkOf(story, "alpha"), { ...common, pairs: null });
    assert.deepEqual(linkOf(story, "beta"), { ...common, pairs: { first: 0, count: 2 } });
    assert.deepEqual(linkOf(story, "gamma"), { ...common, pairs: { first: 2, count: 2 } });
    for (const name of ["alpha", "beta", "gamma"]) {
      assert.deepEqual(story.proposal(name).plan.endpoint, { host: "10.99.0.0", port: 9092 });
    }
    assert.deepEqual(pairIn(range, 3), { hub: "10.99.0.6", peer: "10.99.0.7" });
  });

  it("needs no address of the coordinator's network, and moves none that others take", () => {
    const story = aFederation(tunnelled()).planned();
    assert.equal(story.federation.address, null);
    assert.equal(story.proposal("alpha").plan.parts[0]?.nics[0]?.address, null);
  });

  it("tells the guests their end, and the certificate covers the address that is dialled", () => {
    const story = aFederation(tunnelled()).planned();
    const order = (name: string, manifest = SHIPPED.training) =>
      loneOrder(serviceOrder(story.proposal(name).plan, manifest, "tag", "certificate"));
    const hub = order("alpha", SHIPPED.coordinator);
    assert.deepEqual(
      ["WG_KIND", "WG_MTU", "WG_ADDRESS", "WG_PORT", "FL_DIALLED_ADDRESS"].map((name) => hub.context[name]),
      ["own", "1420", "10.99.0.0/31", "51820", "10.99.0.0:9092"],
    );
    assert.equal(hub.userInputs["FL_CERT_EXTRA_SAN"], "IP:10.99.0.0");
    const site = order("beta");
    assert.deepEqual(
      ["WG_KIND", "WG_MTU", "WG_ADDRESS", "WG_PORT"].map((name) => site.context[name]),
      ["own", "1420", undefined, undefined],
    );
    assert.equal(site.userInputs["FL_SUPERLINK_ADDRESS"], "10.99.0.0:9092");
  });

  it("says nothing of tunnels to guests without one", () => {
    const { plan } = aFederation().planned().proposal("alpha");
    const { context } = loneOrder(serviceOrder(plan, SHIPPED.coordinator, "tag", "certificate"));
    assert.deepEqual(
      Object.keys(context).filter((name) => name.startsWith("WG_")),
      [],
    );
  });

  it("has the MTU that is left inside the zone's cards", () => {
    const story = inNetwork(aFederation(tunnelled()), "beta", { guestMtu: 1450 }).planned();
    assert.deepEqual([linkOf(story, "alpha").mtu, linkOf(story, "beta").mtu], [1420, 1370]);
    const jumbo = inNetwork(aFederation(tunnelled()), "beta", { guestMtu: 9000 }).planned();
    assert.equal(linkOf(jumbo, "beta").mtu, 1420);
    const small = inNetwork(aFederation(tunnelled()), "beta", { guestMtu: 1359 }).planned();
    assert.deepEqual(problemsOf(small, "beta"), ["tunnel-mtu"]);
  });

  it("takes a range that overlaps no zone's network and no other tunnels that end in the coordinator's zone", () => {
    const others: readonly TakenTunnel[] = [
      { coordinator: zone("alpha"), hub: { host: "198.51.100.8", port: 51820 }, since: EARLIER, range: "10.99.2.0/23" },
      { coordinator: zone("beta"), hub: { host: "198.51.100.9", port: 51820 }, since: EARLIER, range: "10.99.4.0/23" },
    ];
    const story = aFederation({ ...tunnelled(), context: { takenTunnels: others } });
    inNetwork(story, "gamma", { ranges: [{ first: "10.99.1.10", last: "10.99.1.20" }], leased: [] }).planned();
    assert.equal(linkOf(story, "alpha").range, "10.99.4.0/23");
  });

  it("keeps the range that was asked for, and says at which site it cannot be", () => {
    const inside = { ranges: [{ first: "10.20.0.10", last: "10.20.0.20" }], leased: [] };
    const story = inNetwork(aFederation(tunnelled("10.20.0.0/23")), "gamma", inside).planned();
    assert.deepEqual([problemsOf(story, "beta"), problemsOf(story, "gamma")], [[], ["tunnel-range-overlaps"]]);
    const beside = inNetwork(aFederation(tunnelled("10.20.2.0/23")), "gamma", inside).planned();
    assert.equal(linkOf(beside, "gamma").range, "10.20.2.0/23");
    const wide = inNetwork(aFederation(tunnelled("10.20.2.0/23")), "gamma", { ...inside, mask: "255.255.0.0" });
    assert.deepEqual(problemsOf(wide.planned(), "gamma"), ["tunnel-range-overlaps"]);
  });

  it("lets zones have overlapping networks: only the tunnel's address is dialled", () => {
    const same = { ranges: [{ first: "192.168.1.10", last: "192.168.1.99" }], leased: [] };
    const story = aFederation(tunnelled());
    for (const name of ["alpha", "beta", "gamma"]) inNetwork(story, name, same);
    assert.equal(linkOf(story.planned(), "beta").range, "10.99.0.0/23");
  });

  it("says that another federation's tunnels end at the same public address and port", () => {
    const others: readonly TakenTunnel[] = [{ coordinator: zone("gamma"), hub: HUB, since: EARLIER, range: null }];
    const story = aFederation({ ...tunnelled(), context: { takenTunnels: others } }).planned();
    assert.deepEqual(problemsOf(story, "alpha"), ["tunnel-hub-taken"]);
    const later = others.map((other) => ({ ...other, since: "2026-03-03T08:00:00.000Z" }));
    assert.deepEqual(
      problemsOf(aFederation({ ...tunnelled(), context: { takenTunnels: later } }).planned(), "alpha"),
      [],
    );
  });

  it("says that no security group lets the hub's port in, where groups can be seen", () => {
    for (const [openPorts, problems] of [
      [null, []],
      [[{ first: 51820, last: 51820 }], []],
      [[{ first: 0, last: 65_535 }], []],
      [[{ first: 9092, last: 9092 }], ["tunnel-port-closed"]],
      [[], ["tunnel-port-closed"]],
    ] as const) {
      const story = aFederation(tunnelled()).shows("alpha", (usual) => ({ ...usual, openPorts }));
      assert.deepEqual(problemsOf(story.planned(), "alpha"), problems);
    }
  });

  it("says that no security group lets a site's VMs send to the hub, but for those whose router does", () => {
    const closed = (way: "own" | "router"): Story => {
      const zones = sitesOf([aZone("alpha"), aZone("beta", { tunnelWay: way }), aZone("gamma")]);
      const story = aFederation({ ...tunnelled(), context: { sites: zones } });
      return story.shows("beta", (usual) => ({ ...usual, openPorts: [{ first: 53, last: 53 }] })).planned();
    };
    assert.deepEqual(problemsOf(closed("own"), "beta"), ["tunnel-way-out-closed"]);
    assert.deepEqual(problemsOf(closed("router"), "beta"), ["router-way-out-closed"]);
  });

  /** Beta's VMs come through the zone's router. */
  const routed = (seen: { network?: Partial<NetworkFacts>; openPorts?: readonly PortSpan[] | null }): Story => {
    const zones = sitesOf([aZone("alpha"), aZone("beta", { tunnelWay: "router" }), aZone("gamma")]);
    const story = aFederation({ ...tunnelled("10.99.0.0/23"), context: { sites: zones } });
    const { network, openPorts = null } = seen;
    return story.shows("beta", (usual) => ({ ...usual, network: aNetwork(network), openPorts })).planned();
  };

  it("says that no security group lets a site's VMs send through their router to the tunnel's address", () => {
    const fleet = { first: 9092, last: 9092 };
    const [before, inside] = [toNumber("10.98.0.0"), toNumber("10.99.0.0")];
    for (const [openPorts, problems] of [
      [null, []],
      [[fleet], []],
      [[{ first: 0, last: 65_535, target: { first: before, last: inside } }], []],
      [[{ ...fleet, target: { first: before, last: inside - 1 } }], ["router-way-out-closed"]],
      [[{ ...fleet, target: "a network" }], ["router-way-out-closed"]],
      [[{ first: 443, last: 443 }], ["router-way-out-closed"]],
      [[], ["router-way-out-closed"]],
    ] as const) {
      assert.deepEqual(problemsOf(routed({ openPorts }), "beta"), problems);
    }
  });

  it("says that a zone's router is a VM whose card would drop the answers, where that can be seen", () => {
    const gateway = "203.0.113.20";
    const filtered = [{ first: "203.0.113.20", last: "203.0.113.99" }];
    for (const [network, problems] of [
      [{ gateway, filtered }, ["router-filtered"]],
      [{ gateway, filtered: [] }, []],
      [{ gateway, filtered, held: [gateway] }, []],
      [{ gateway: "203.0.113.1", filtered }, []],
      [{ gateway: null, filtered }, []],
      [{ gateway, filtered: [{ first: "203.0.113.30", last: "203.0.113.99" }] }, []],
    ] as const) {
      assert.deepEqual(problemsOf(routed({ network }), "beta"), problems);
      const own = aFederation(tunnelled()).shows("beta", (usual) => ({ ...usual, network: aNetwork(network) }));
      assert.deepEqual(problemsOf(own.planned(), "beta"), [], "a VM's own end is never filtered");
    }
  });

  it("says when the range has too few addresses for one more site", () => {
    const zones = sitesOf(["alpha", "beta", "gamma", "delta"].map((name) => aZone(name)));
    const story = aFederation({ ...tunnelled("10.99.0.0/29"), context: { sites: zones } }).running();
    story.does(requestSite("delta")).planned();
    assert.deepEqual(problemsOf(story, "delta"), ["tunnel-range-full"]);
    story.does(retire("beta")).removes("beta");
    story.does((now) => ({ kind: "check-again", by: now.federation.requester, key: now.newKey() })).planned();
    assert.deepEqual(linkOf(story, "delta").pairs, { first: 0, count: 2 });
  });
});

describe("a plan in which some sites come by tunnels and others dial the public address", () => {
  const ADDRESS = { kind: "given", host: "198.51.100.20", port: 9092 } as const;
  const INSIDE = { host: "10.99.0.0", port: 9092 };
  const mixed = (zones: readonly string[] = ["alpha", "beta", "gamma"]): Story =>
    aFederation({
      crossing: { kind: "both", address: ADDRESS, hub: HUB, range: null },
      zones,
      tunnelled: ["gamma"],
      context: { sites: sitesOf(["alpha", "beta", "gamma", "delta"].map((name) => aZone(name))) },
    });
  const dialled = (story: Story, name: string) => story.proposal(name).plan.endpoint;

  it("has each site dial its own way, and the certificate covers both", () => {
    const story = mixed().planned();
    const outside = { host: "198.51.100.20", port: 9092 };
    assert.deepEqual(
      ["alpha", "beta", "gamma"].map((name) => dialled(story, name)),
      [outside, outside, INSIDE],
    );
    assert.deepEqual(story.proposal("beta").plan.link, { kind: "public-address" });
    assert.deepEqual(linkOf(story, "gamma").pairs, { first: 0, count: 2 });
    const { plan } = story.proposal("alpha");
    const { context, userInputs } = loneOrder(serviceOrder(plan, SHIPPED.coordinator, "tag", "certificate"));
    assert.equal(context["FL_DIALLED_ADDRESS"], "198.51.100.20:9092");
    assert.equal(context["WG_ADDRESS"], "10.99.0.0/31");
    assert.equal(userInputs["FL_CERT_EXTRA_SAN"], "IP:198.51.100.20,IP:10.99.0.0");
  });

  it("comes up both ways, and the hub knows only those that come by it", () => {
    const story = mixed().running();
    assert.deepEqual(
      [...story.federation.tunnelKeys.values()].map(({ site }) => site),
      ["alpha", "gamma", "gamma"],
    );
    assert.ok(["beta", "gamma"].every((name) => story.deployment(name).upAt !== null));
  });

  it("lets a site that is added have either way, and nobody else's plan changes by that", () => {
    for (const crossing of ["public-address", "wireguard"] as const) {
      const story = mixed().running();
      const before = ["alpha", "beta", "gamma"].map((name) => digestOf(story.proposal(name).plan));
      story.does(requestSite("delta", 2, undefined, crossing)).planned();
      assert.equal(story.proposal("delta").plan.link.kind, crossing);
      assert.deepEqual(dialled(story, "delta").host, crossing === "wireguard" ? INSIDE.host : ADDRESS.host);
      assert.deepEqual(
        ["alpha", "beta", "gamma"].map((name) => digestOf(story.proposal(name).plan)),
        before,
      );
    }
  });

  it("refuses nothing of a site for tunnels that it does not have", () => {
    const story = inNetwork(mixed(), "beta", { guestMtu: 1300 }).planned();
    assert.deepEqual(problemsOf(story, "beta"), []);
    assert.deepEqual(problemsOf(inNetwork(mixed(), "gamma", { guestMtu: 1300 }).planned(), "gamma"), ["tunnel-mtu"]);
  });

  it("asks only those again who dial a public address that is lost", () => {
    const story = aFederation({
      crossing: {
        kind: "both",
        address: { kind: "picked", port: 9092, privateIsReachable: true },
        hub: HUB,
        range: null,
      },
      tunnelled: ["gamma"],
    }).approved();
    const { address } = story.federation;
    assert.ok(address !== null);
    const cards = ["alpha", "beta", "gamma"].map((name) => story.proposal(name).card);
    story.shows("alpha", (usual) => ({
      ...usual,
      network: usual.network.found ? { ...usual.network, leased: [...usual.network.leased, address] } : usual.network,
    }));
    story.begins("alpha");
    const asked = ["alpha", "beta", "gamma"].filter((name, nth) => story.proposal(name).card !== cards[nth]);
    assert.deepEqual(asked, ["alpha", "beta"]);
    assert.equal(story.federation.tunnelRange, "10.99.0.0/23");
    assert.deepEqual(dialled(story, "beta"), story.federation.endpoint);
  });
});

describe("the pairs of a federation's sites", () => {
  const NAMES = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];
  const CONTEXT = { sites: sitesOf(NAMES.map((name) => aZone(name))) };

  it("are nobody else's, whoever comes, goes, and comes again; and nobody else's plan changes by that", () => {
    const moves = fc.array(
      fc.record({ name: fc.constantFrom(...NAMES.slice(1)), superNodes: fc.integer({ min: 1, max: 4 }) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(moves, (steps) => {
        const story = aFederation({ ...tunnelled(), zones: ["alpha", "beta"], context: CONTEXT }).trusted();
        for (const { name, superNodes } of steps) comesOrGoes(story, name, superNodes);
      }),
      { numRuns: 40 },
    );
  });

  function comesOrGoes(story: Story, name: string, superNodes: number): void {
    const before = digests(story);
    const leaves = living(story).includes(name);
    story.does(leaves ? retire(name) : requestSite(name, superNodes)).planned();
    const after = digests(story);
    for (const [other, digest] of before) if (other !== name) assert.equal(after.get(other), digest, other);
    assert.deepEqual(collisions(story), []);
  }

  const living = (story: Story): readonly string[] =>
    [...story.federation.sites.values()].flatMap(({ zone: name, approvalState, proposals }) =>
      approvalState === "excluded" || proposals.length === 0 ? [] : [name],
    );

  const digests = (story: Story): ReadonlyMap<string, string> =>
    new Map(living(story).map((name) => [name, digestOf(story.proposal(name).plan)]));

  function collisions(story: Story): readonly string[] {
    const used = new Map<number, string>();
    return living(story).flatMap((name) => {
      const { pairs } = linkOf(story, name);
      if (pairs === null) return [];
      return Array.from({ length: pairs.count }, (_, nth) => pairs.first + nth).flatMap((pair) => {
        const other = used.get(pair);
        used.set(pair, name);
        return other === undefined ? [] : [`${name} and ${other} have pair ${pair}`];
      });
    });
  }

  it("lie in the range, each at an even address, and share no address", () => {
    const range = "10.99.0.0/23";
    const span = spanOfRange(range);
    const seen = new Set<number>();
    for (let nth = 0; nth < 256; nth += 1) {
      const { hub, peer } = pairIn(range, nth);
      const [low, high] = [toNumber(hub), toNumber(peer)];
      assert.ok(low % 2 === 0 && high === low + 1);
      assert.ok(overlaps(span, { first: low, last: high }) && high <= span.last);
      assert.ok(!seen.has(low) && !seen.has(high));
      seen.add(low).add(high);
    }
  });
});
