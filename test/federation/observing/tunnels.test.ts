/** What both ends of a tunnel say, held together. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tunnelStates } from "../../../src/federation/observing/tunnels.ts";
import { encodeTunnelLinks, type TunnelCount, type TunnelPeerState } from "../../../src/guest-protocol/tunnel.ts";
import { aZone, sitesOf } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const CROSSING = { kind: "wireguard", hub: { host: "198.51.100.7", port: 51820 }, range: null } as const;

/** Inside: the hub's and those of the first VMs. */
const EVERY_ADDRESS = ["10.99.0.0/32", "10.99.0.1/32", "10.99.0.3/32", "10.99.0.5/32"];

/** Long enough for everything that stands to be told. */
const A_WHILE = 40;

const FOUR = ["alpha", "beta", "gamma", "delta"];

const running = (): Story => aFederation({ crossing: CROSSING, superNodes: 1 }).running();

const peer = (key: string, age: number | null, host: string | null): TunnelPeerState => ({
  key,
  age,
  rx: 1,
  tx: 1,
  endpoint: host === null ? null : `${host}:40000`,
  allowed: EVERY_ADDRESS,
  moves: 0,
});

const keyOf = (story: Story, name: string): string => story.vm(name).tunnelKey ?? "none";

/** The hub says how its two peers do, and who has knocked so often. */
function hubSays(
  story: Story,
  { beta = 5, gamma = 5 }: { beta?: number | null; gamma?: number | null },
  knocks: readonly TunnelCount[] = [],
): Story {
  const peers = [
    peer(keyOf(story, "beta"), beta, beta === null ? null : "203.0.113.2"),
    peer(keyOf(story, "gamma"), gamma, gamma === null ? null : "203.0.113.3"),
  ];
  return story.says("alpha", { WG_LINKS: encodeTunnelLinks({ peers, knocks, strays: [], forged: 0 }) });
}

const silent = (story: Story, ...names: readonly string[]): Story => {
  for (const name of names) story.says(name, { FL_LINK: "tunnel-silent", FL_REASON: "link-down" });
  return story;
};

const causes = (story: Story): readonly string[] =>
  [...story.federation.conditions.values()].flatMap(({ raised, code, subject }) =>
    raised && subject.kind === "link" ? [`${subject.site} ${code}`] : [],
  );

describe("a silent tunnel", () => {
  it("is one of which nothing arrives at the hub, where nobody knocks there in vain", () => {
    const story = running();
    hubSays(story, { beta: null }).observesAll();
    silent(hubSays(story, { beta: null }, [{ from: "203.0.113.3", count: 1 }]), "beta").watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["beta tunnel-unheard"]);
    hubSays(story, {}).says("beta", { FL_LINK: "ok", FL_REASON: "none" }).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), []);
  });

  it("is one that the hub does not answer, where attempts arrive from its address or from one that nobody has", () => {
    for (const [beta, from] of [
      [400, "203.0.113.2"],
      [null, "192.0.2.77"],
    ] as const) {
      const story = running();
      hubSays(story, { beta }, [{ from, count: 3 }]).observesAll();
      silent(hubSays(story, { beta }, [{ from, count: 9 }]), "beta").watchesAll(A_WHILE);
      assert.deepEqual(causes(story), ["beta tunnel-unanswered"], from);
    }
  });

  it("is not explained by attempts that a healthy peer made, nor by what was counted long ago", () => {
    const story = running();
    const knocks = [
      { from: "203.0.113.3", count: 50 },
      { from: "192.0.2.77", count: 8 },
    ];
    hubSays(story, { beta: 200 }, [{ from: "203.0.113.3", count: 40 }, ...knocks.slice(1)]).observesAll();
    silent(hubSays(story, { beta: 260 }, knocks), "beta").watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["beta tunnel-unheard"]);
  });

  it("is cut where it worked until now, by the word of either end, and unheard once it has been so for long", () => {
    const story = running();
    hubSays(story, {}).observesAll();
    silent(story, "beta").watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["beta tunnel-cut"]);
    hubSays(story, { beta: 400 }).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["beta tunnel-unheard"]);
    const own = running();
    hubSays(own, { beta: 400 }).observesAll();
    const hub = { peers: [peer(keyOf(own, "alpha"), 20, "198.51.100.7")], knocks: [], strays: [], forged: 0 };
    silent(own.says("beta", { WG_LINKS: encodeTunnelLinks(hub) }), "beta").watchesAll(A_WHILE);
    assert.deepEqual(causes(own), ["beta tunnel-cut"]);
  });

  it("is one of which an end has not the other's key, whichever it is", () => {
    const atHub = running();
    const others = { peers: [peer(keyOf(atHub, "gamma"), 5, "203.0.113.3")], knocks: [], strays: [], forged: 0 };
    silent(atHub.says("alpha", { WG_LINKS: encodeTunnelLinks(others) }), "beta").watchesAll(A_WHILE);
    assert.deepEqual(causes(atHub), ["beta tunnel-other-key"]);
    const atSite = running();
    hubSays(atSite, { beta: null }).observesAll();
    const strange = {
      peers: [peer(Buffer.alloc(32, 9).toString("base64"), null, "198.51.100.7")],
      knocks: [],
      strays: [],
      forged: 0,
    };
    silent(atSite.says("beta", { WG_LINKS: encodeTunnelLinks(strange) }), "beta").watchesAll(A_WHILE);
    assert.deepEqual(causes(atSite), ["beta tunnel-other-key"]);
  });

  it("is told for each of several sites as what it is there", () => {
    const story = aFederation({
      crossing: CROSSING,
      superNodes: 1,
      zones: FOUR,
      context: { sites: sitesOf(FOUR.map((name) => aZone(name))) },
    }).running();
    const ends = (delta: number | null, count: number) => ({
      strays: [],
      forged: 0,
      peers: [
        peer(keyOf(story, "beta"), 400, "203.0.113.2"),
        peer(keyOf(story, "gamma"), 400, "203.0.113.3"),
        peer(keyOf(story, "delta"), delta, delta === null ? null : "203.0.113.4"),
      ],
      knocks: [{ from: "203.0.113.3", count }],
    });
    story.says("alpha", { WG_LINKS: encodeTunnelLinks(ends(null, 3)) }).observesAll();
    story.says("alpha", { WG_LINKS: encodeTunnelLinks(ends(null, 9)) });
    silent(story, "beta", "gamma", "delta").watchesAll(A_WHILE);
    assert.deepEqual(causes(story).toSorted(), [
      "beta tunnel-unheard",
      "delta tunnel-unheard",
      "gamma tunnel-unanswered",
    ]);
  });

  it("is not answered where its neighbour behind the same address is: both knock, the one far more often", () => {
    for (const [count, code] of [
      [4, "beta tunnel-unheard"],
      [12, "beta tunnel-unanswered"],
    ] as const) {
      const story = aFederation({ crossing: CROSSING, superNodes: 2 }).running();
      const heard = (rx: number) => (tunnelKey: string | null, nth: number) =>
        nth === 0 ? peer(tunnelKey ?? "", 400, "203.0.113.2") : { ...peer(tunnelKey ?? "", 5, "203.0.113.2"), rx };
      const said = (knocks: number, rx: number) =>
        encodeTunnelLinks({
          peers: story.vms("beta").map(({ tunnelKey }, nth) => heard(rx)(tunnelKey, nth)),
          knocks: [{ from: "203.0.113.2", count: knocks }],
          strays: [],
          forged: 0,
        });
      story.says("alpha", { WG_LINKS: said(2, 1) }).observesAll();
      silent(story.says("alpha", { WG_LINKS: said(count, 2) }), "beta").watchesAll(A_WHILE);
      assert.deepEqual(causes(story), [code]);
    }
  });

  it("is only silent where the hub has said too little, or several sites may be the ones that knock", () => {
    const story = running();
    silent(story, "beta").watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["beta link-tunnel-silent"]);
    const once = running();
    silent(hubSays(once, { beta: null }), "beta").watchesAll(A_WHILE);
    assert.deepEqual(causes(once), ["beta link-tunnel-silent"]);
    const both = running();
    const gone = { beta: null, gamma: null };
    hubSays(both, gone).observesAll();
    silent(hubSays(both, gone, [{ from: "192.0.2.77", count: 9 }]), "beta", "gamma").watchesAll(A_WHILE);
    assert.deepEqual(causes(both), ["beta link-tunnel-silent", "gamma link-tunnel-silent"]);
  });

  it("is only silent while the hub's VM itself has stopped reporting", () => {
    const story = running();
    hubSays(story, {}).observesAll();
    const quiet = { silent: new Set([story.vm("alpha").vmId]) };
    silent(hubSays(story, { beta: 400 }), "beta").watchesAll(A_WHILE, quiet);
    assert.deepEqual(causes(story), ["beta link-tunnel-silent"]);
  });

  it("is not made anything else while the hub's zone cannot be seen", () => {
    const story = running();
    hubSays(story, {}).observesAll();
    silent(hubSays(story, { beta: 400 }), "beta")
      .watchesAll(A_WHILE)
      .losesSightOf("alpha");
    for (let second = 0; second < A_WHILE; second += 1) story.losesSightOf("alpha").observes("beta");
    assert.ok(causes(story).includes("beta tunnel-unheard"));
  });

  it("journals nothing for what ends say while all is well", () => {
    const story = running();
    hubSays(story, {}).watchesAll(A_WHILE);
    const { length } = story.recorded;
    for (let minute = 1; minute < 20; minute += 1) {
      hubSays(story, { beta: minute, gamma: 2 * minute }, [{ from: "203.0.113.2", count: minute }]).observesAll();
    }
    assert.deepEqual(story.typesSince(length), []);
  });
});

describe("a tunnel that stands while the SuperLink does not answer", () => {
  it("is told as what is behind it, and without a tunnel as an address that does not answer", () => {
    const story = running();
    const hub = (age: number | null) => ({
      peers: [peer(keyOf(story, "alpha"), age, "198.51.100.7")],
      knocks: [],
      strays: [],
      forged: 0,
    });
    hubSays(story, {}).says("beta", { WG_LINKS: encodeTunnelLinks(hub(12)) });
    story.says("beta", { FL_LINK: "unreachable", FL_REASON: "link-down" }).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["beta tunnel-beyond"]);
    story.says("beta", { WG_LINKS: encodeTunnelLinks(hub(null)) }).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["beta link-unreachable"]);
  });
});

describe("a tunnel key that two machines use", () => {
  const speaksFrom = (story: Story, places: readonly (readonly [string, number])[]): Story => {
    for (const [place, moves] of places) {
      const peers = [
        { ...peer(keyOf(story, "beta"), 5, place), rx: moves, moves },
        peer(keyOf(story, "gamma"), 5, "203.0.113.3"),
      ];
      story.says("alpha", { WG_LINKS: encodeTunnelLinks({ peers, knocks: [], strays: [], forged: 0 }) }).observesAll();
    }
    return story;
  };
  const [here, there] = ["203.0.113.2", "192.0.2.77"];

  it("is told with the places that were seen, once it changes its place more often than a router does", () => {
    const story = speaksFrom(running(), [
      [here, 0],
      [there, 2],
      [here, 4],
    ]).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), ["beta tunnel-two-places"]);
    const [condition] = [...story.federation.conditions.values()];
    assert.equal(condition?.detail, "203.0.113.2:40000 192.0.2.77:40000");
    const calm = [here, here, here].map((place) => [place, 5] as const);
    speaksFrom(story, calm).watchesAll(A_WHILE);
    assert.deepEqual(causes(story), []);
  });

  it("is not one whose address has changed, nor one that a hub counts anew after its reboot", () => {
    for (const places of [
      [
        [here, 0],
        [there, 1],
        [there, 1],
      ],
      [2, 3, 4, 5, 6, 7].map((last) => [`192.0.2.${last}`, last] as const),
      [
        [here, 90],
        [here, 0],
        [here, 0],
      ],
    ] as const) {
      assert.deepEqual(causes(speaksFrom(running(), places).watchesAll(A_WHILE)), [], places.join(" "));
    }
  });
});

describe("what an end of a tunnel drops", () => {
  const inside = { alpha: "10.99.0.0/32", beta: "10.99.0.1/32", gamma: "10.99.0.3/32" };

  /** The hub's word: beta's networks there, how much has come of beta, and what was dropped. */
  const hubDrops = (
    story: Story,
    {
      allowed = [inside.beta],
      rx = 1,
      strays = 0,
      forged = 0,
    }: {
      allowed?: readonly string[];
      rx?: number;
      strays?: number;
      forged?: number;
    },
  ): Story => {
    const peers = [
      { ...peer(keyOf(story, "beta"), 5, "203.0.113.2"), allowed, rx },
      { ...peer(keyOf(story, "gamma"), 5, "203.0.113.3"), allowed: [inside.gamma] },
    ];
    const from = [{ from: "10.99.0.1", count: strays }];
    return story.says("alpha", { WG_LINKS: encodeTunnelLinks({ peers, knocks: [], strays: from, forged }) });
  };
  const unreachable = (story: Story): Story => story.says("beta", { FL_LINK: "unreachable", FL_REASON: "link-down" });
  const vmSays = (story: Story, allowed: readonly string[], strays = 0): Story => {
    const peers = [{ ...peer(keyOf(story, "alpha"), 12, "198.51.100.7"), allowed }];
    const from = [{ from: "10.99.0.1", count: strays }];
    return story.says("beta", { WG_LINKS: encodeTunnelLinks({ peers, knocks: [], strays: from, forged: 0 }) });
  };

  it("is why a tunnel that stands carries nothing, where the addresses of either list are not what was told", () => {
    for (const [atHub, atVm, code] of [
      [[], [inside.alpha], "beta tunnel-not-allowed"],
      [[inside.beta], ["10.99.0.8/32"], "beta tunnel-not-allowed"],
      [[inside.beta], [inside.alpha], "beta tunnel-beyond"],
    ] as const) {
      for (const link of ["unreachable", "tunnel-silent"]) {
        const story = vmSays(hubDrops(running(), { allowed: atHub }), atVm).observesAll();
        story.says("beta", { FL_LINK: link, FL_REASON: "link-down" }).watchesAll(A_WHILE);
        assert.deepEqual(causes(story), [link === "unreachable" ? code : code.replace("beyond", "cut")]);
      }
    }
  });

  it("is why a VM gets no answer that is heard and sends from a false address, and not why one is cut meanwhile", () => {
    for (const [rx, code] of [
      [900, "beta tunnel-not-allowed"],
      [1, "beta tunnel-beyond"],
    ] as const) {
      const story = vmSays(hubDrops(running(), {}), [inside.alpha]).observesAll();
      unreachable(hubDrops(story, { rx, forged: 9 })).watchesAll(A_WHILE);
      assert.deepEqual(causes(story), [code]);
    }
  });

  const standing = (story: Story): readonly string[] =>
    [...story.federation.conditions.values()].flatMap(({ raised, code, detail }) =>
      raised ? [`${code} ${detail}`] : [],
    );

  it("is told at the hub where nobody's dial fails for it, and is over once nothing more is dropped", () => {
    const story = hubDrops(running(), {}).observesAll();
    hubDrops(story, { rx: 9, forged: 2 }).watchesAll(A_WHILE);
    assert.deepEqual(standing(story), [], "two packets are chance");
    hubDrops(story, { rx: 900, forged: 9 }).watchesAll(A_WHILE);
    assert.deepEqual(standing(story), ["tunnel-forged "]);
    hubDrops(story, { rx: 990, forged: 9 }).watchesAll(A_WHILE);
    assert.deepEqual(standing(story), []);
  });

  it("is told of the VM that sends what is not for the SuperLink, by the hub's word or its own, while it does", () => {
    for (const drop of [hubDrops, (story: Story, { strays }: { strays?: number }) => vmSays(story, [], strays)]) {
      const story = drop(hubDrops(running(), {}), {}).observesAll();
      drop(story, { strays: 7 }).watchesAll(A_WHILE);
      assert.deepEqual(standing(story), ["tunnel-strays 10.99.0.1"]);
      const [condition] = [...story.federation.conditions.values()];
      assert.deepEqual(condition?.vmIds, [story.vm("beta").vmId]);
      drop(story, { strays: 8 }).watchesAll(A_WHILE);
      assert.deepEqual(standing(story), []);
    }
  });

  it("says nothing of what a hub counts anew, nor of what it had counted before anybody asked", () => {
    const story = hubDrops(running(), { strays: 900, forged: 900 }).watchesAll(A_WHILE);
    hubDrops(story, { strays: 2, forged: 2, rx: 2 }).watchesAll(A_WHILE);
    assert.deepEqual(standing(story), []);
  });
});

describe("the state of tunnels", () => {
  const states = (story: Story) => tunnelStates(story.federation, story.live);

  it("is the newest handshake that either end knows of", () => {
    const story = running();
    hubSays(story, { beta: 170, gamma: null });
    const own = { peers: [peer(keyOf(story, "alpha"), 12, "198.51.100.7")], knocks: [], strays: [], forged: 0 };
    story.says("beta", { WG_LINKS: encodeTunnelLinks(own) }).observesAll();
    const [beta, gamma] = [story.vm("beta").vmId, story.vm("gamma").vmId];
    assert.deepEqual(states(story), [
      { site: "beta", vmId: beta, age: 12, isAlive: true },
      { site: "gamma", vmId: gamma, age: null, isAlive: false },
    ]);
  });

  it("is that of before when an end says something that cannot be read", () => {
    const story = running();
    hubSays(story, { beta: 20 }).observesAll().says("alpha", { WG_LINKS: "?" }).observesAll();
    assert.equal(states(story)[0]?.age, 20);
  });

  it("is nothing without tunnels", () => {
    assert.deepEqual(states(aFederation().running().observesAll()), []);
  });
});
