import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_KEYS_PER_VM } from "../../../src/federation/model/limits.ts";
import { nextTelling } from "../../../src/federation/tunnels/peers.ts";
import { decodeTunnelPeers, type TunnelPeers } from "../../../src/guest-protocol/tunnel.ts";
import { retire, retry } from "../../builders/commands.ts";
import { zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aTunnelKey } from "../../builders/tunnel-key.ts";

const HUB = { host: "198.51.100.7", port: 51820 };
const CROSSING = { kind: "wireguard", hub: HUB, range: "10.99.0.0/23" } as const;

/** Gamma runs, and beta's two VMs have come. */
const arrived = (): Story => aFederation({ crossing: CROSSING }).trusted().joins("gamma").deployed("beta");

function told(story: Story, name: string, nth = 0): TunnelPeers {
  const { vmId } = story.vm(name, nth);
  const facts = story.zone(name).vms(story.serviceId(name));
  const value = facts.find(({ id }) => id === vmId)?.attributes["WG_PEERS"] ?? "";
  const decoded = decodeTunnelPeers(value);
  assert.ok(decoded.ok, `${name} ${nth} was told ${value}`);
  return decoded.value;
}

const hubTold = (story: Story): readonly string[] => told(story, "alpha").peers.map(({ key }) => key);
const refusals = (story: Story, name: string, nth = 0): readonly string[] =>
  story.vm(name, nth).refusedTunnelKeys.map(({ code }) => code);
const due = (story: Story, kind: string): readonly string[] => story.due().filter((task) => task.startsWith(kind));

describe("the ends of tunnels", () => {
  it("are told each other: the hub every peer and its side of each pair, a SuperNode its own and the hub", () => {
    const story = aFederation({ crossing: CROSSING }).running();
    const keyOf = (name: string, nth: number): string => story.vm(name, nth).tunnelKey ?? "";
    const hub = told(story, "alpha");
    assert.deepEqual(hub.own, ["10.99.0.0/31", "10.99.0.2/31", "10.99.0.4/31", "10.99.0.6/31"]);
    const ends = [
      ["beta", 0, "10.99.0.1"],
      ["beta", 1, "10.99.0.3"],
      ["gamma", 0, "10.99.0.5"],
      ["gamma", 1, "10.99.0.7"],
    ] as const;
    const peers = ends.map(([name, nth, address]) => ({
      key: keyOf(name, nth),
      endpoint: null,
      allowed: [`${address}/32`],
      replaces: null,
    }));
    assert.deepEqual(hub.peers, peers);
    for (const [name, nth, address] of ends) {
      const { own, peers: others } = told(story, name, nth);
      assert.deepEqual(own, [`${address}/31`]);
      const key = keyOf("alpha", 0);
      assert.deepEqual(others, [{ key, endpoint: "198.51.100.7:51820", allowed: ["10.99.0.0/32"], replaces: null }]);
    }
  });

  it("the hub's key comes before any site is created", () => {
    const story = aFederation({ crossing: CROSSING }).approved().deployed("alpha").certified();
    story.says("alpha", story.announcement()).observes("alpha");
    assert.deepEqual([story.federation.verifiedVm, due(story, "begin")], [null, []]);
    story.showsTunnelKey("alpha", 0, "hub").observes("alpha");
    assert.equal(story.federation.verifiedVm, story.vm("alpha").vmId);
    assert.deepEqual(due(story, "begin"), []);
    assert.deepEqual(due(story.tunnels(), "begin"), ["begin beta", "begin gamma"]);
  });

  it("the hub is told of a peer before the peer is told of the hub", () => {
    const story = arrived().showsTunnelKey("beta", 0, "one").observes("beta");
    const { vmId } = story.vm("beta");
    assert.deepEqual(due(story, "judge-tunnel-key"), [`judge-tunnel-key beta ${vmId}`]);
    story.happens({ type: "tunnel-key-accepted", site: zone("beta"), vmId, key: aTunnelKey("one"), pair: 0 });
    assert.deepEqual(due(story, "tell-tunnel"), [`tell-tunnel-peers alpha ${story.vm("alpha").vmId}`]);
    story.tellsTunnelPeers(zone("alpha"), story.vm("alpha").vmId);
    assert.deepEqual(due(story, "tell-tunnel"), [`tell-tunnel-peers beta ${vmId}`]);
    assert.deepEqual(due(story.tunnels(), "tell-tunnel"), []);
  });

  it("are told what was intended under the same number again, when nobody knows whether it arrived", () => {
    const story = arrived().showsTunnelKey("beta", 0, "one").observes("beta");
    const [site, { vmId }] = [zone("alpha"), story.vm("alpha")];
    story.happens({
      type: "tunnel-key-accepted",
      site: zone("beta"),
      vmId: story.vm("beta").vmId,
      key: aTunnelKey("one"),
      pair: 0,
    });
    const first = nextTelling(story.federation, site, vmId);
    story.happens(...(first?.intent ?? []));
    assert.deepEqual(nextTelling(story.federation, site, vmId), { intent: [], peers: first?.peers });
    assert.ok(due(story, "tell-tunnel").includes(`tell-tunnel-peers alpha ${vmId}`));
    story.happens({
      type: "tunnel-key-revoked",
      site: zone("beta"),
      vmId: story.vm("beta").vmId,
      key: aTunnelKey("one"),
    });
    const second = nextTelling(story.federation, site, vmId);
    assert.equal(second?.peers.sequence, (first?.peers.sequence ?? 0) + 1);
  });

  it("of a site that leaves are taken from the hub at once", () => {
    const story = aFederation({ crossing: CROSSING }).running();
    const leaving = [0, 1].map((nth) => story.vm("beta", nth).tunnelKey ?? "");
    story.does(retire("beta")).tunnels();
    assert.deepEqual(
      hubTold(story).filter((key) => leaving.includes(key)),
      [],
    );
    assert.equal(hubTold(story).length, 2);
  });

  it("learn another hub's key when the SuperLink is replaced, and that hub every peer", () => {
    const story = aFederation({ crossing: CROSSING }).running();
    const before = hubTold(story);
    const first = story.vm("alpha").tunnelKey;
    story.says("alpha", { FL_STAGE: "failed" }).watchesAll(60).does(retry("alpha")).trusted();
    assert.notEqual(story.vm("alpha").tunnelKey, first);
    assert.deepEqual(hubTold(story), before);
    assert.deepEqual(
      told(story, "beta").peers.map(({ key }) => key),
      [story.vm("alpha").tunnelKey],
    );
    assert.equal(told(story, "beta").sequence, 2);
  });
});

describe("a tunnel key", () => {
  it("counts only from a VM that is what was approved", () => {
    const unverified = aFederation({ crossing: CROSSING }).trusted().begins("beta").creates("beta");
    const [first] = unverified.zone("beta").vms(unverified.serviceId("beta"));
    assert.ok(first !== undefined);
    unverified.zone("beta").changeVm(first.id, (vm) => ({ ...vm, memory: 1 }));
    unverified.observes("beta").showsTunnelKey("beta", 0, "one").observes("beta").tunnels();
    assert.equal(unverified.vm("beta").tunnelKey, null);
  });

  it("that another VM published first is refused to both, and the hub forgets it", () => {
    const story = arrived().showsTunnelKey("beta", 0, "one").observes("beta").tunnels();
    assert.equal(hubTold(story).length, 3);
    story.showsTunnelKey("beta", 1, "one").observes("beta").tunnels();
    assert.deepEqual([refusals(story, "beta", 0), refusals(story, "beta", 1)].flat(), [
      "tunnel-key-duplicate",
      "tunnel-key-duplicate",
    ]);
    assert.deepEqual([hubTold(story).length, story.vm("beta", 0).tunnelKey], [2, null]);
    assert.deepEqual(due(story, "judge-tunnel-key"), []);
  });

  it("that a VM copies costs it the tunnel that it had, too; what it publishes of its own counts again", () => {
    const story = arrived();
    for (const nth of [0, 1]) story.showsTunnelKey("beta", nth, `key ${nth}`);
    story.observes("beta").tunnels();
    const gamma = hubTold(story).filter((key) => ![0, 1].some((nth) => key === aTunnelKey(`key ${nth}`)));
    story.showsTunnelKey("beta", 1, "key 0").observes("beta").tunnels();
    assert.deepEqual([story.vm("beta", 0).tunnelKey, story.vm("beta", 1).tunnelKey], [null, null]);
    assert.deepEqual(hubTold(story), gamma);
    story.showsTunnelKey("beta", 1, "key 1").observes("beta").tunnels();
    assert.deepEqual(hubTold(story).length, gamma.length + 1);
  });

  it("of the hub is refused to whoever else publishes it, and stays the hub's", () => {
    const story = arrived();
    const hub = story.vm("alpha").tunnelKey ?? "";
    story.says("beta", { WG_PUBLIC_KEY: hub }).observes("beta").tunnels();
    assert.deepEqual(refusals(story, "beta"), ["tunnel-key-of-hub"]);
    assert.equal(story.vm("alpha").tunnelKey, hub);
    assert.equal(story.federation.tunnelKeys.get(hub)?.revoked, false);
  });

  it("that cannot be read is refused", () => {
    for (const value of ["x", Buffer.alloc(32).toString("base64"), `${"A".repeat(42)}B=`, "?"]) {
      const story = arrived().says("beta", { WG_PUBLIC_KEY: value }).observes("beta").tunnels();
      assert.deepEqual(refusals(story, "beta"), ["tunnel-key-malformed"], value);
    }
  });

  it("of a VM that comes back with another takes the place of the one it had, a few times", () => {
    const story = arrived();
    for (let nth = 1; nth <= MAX_KEYS_PER_VM + 2; nth += 1) {
      story.showsTunnelKey("beta", 0, `key ${nth}`).observes("beta").tunnels();
    }
    const own = [...story.federation.tunnelKeys.values()].filter(({ site }) => site === "beta");
    assert.equal(own.length, MAX_KEYS_PER_VM);
    assert.deepEqual(
      own.map(({ pair, revoked }) => [pair, revoked]),
      own.map((_, nth) => [0, nth < MAX_KEYS_PER_VM - 1]),
    );
    assert.deepEqual(refusals(story, "beta"), ["key-changes"]);
    assert.equal(hubTold(story).filter((key) => own.some((one) => one.key === key)).length, 1);
  });

  it("of a VM in the place of another gets that one's addresses once the zone has proven that it is gone", () => {
    const story = arrived();
    for (const nth of [0, 1]) story.showsTunnelKey("beta", nth, `key ${nth}`);
    story.observes("beta").tunnels();
    const [lost, kept] = story.vms("beta");
    assert.ok(lost !== undefined && kept !== undefined);
    const facts = story
      .zone("beta")
      .vms(story.serviceId("beta"))
      .find(({ id }) => id === lost.vmId);
    assert.ok(facts !== undefined);
    story.zone("beta").removeVm(lost.vmId);
    const attributes = { WG_PUBLIC_KEY: aTunnelKey("a third") };
    story.zone("beta").addVm({ ...facts, id: 4711, attributes });
    story.observes("beta").tunnels();
    const third = (): string | null => story.deployment("beta").vms.get(4711)?.tunnelKey ?? null;
    assert.equal(third(), null);
    assert.ok(due(story, "prove-gone").length > 0);
    story.happens(
      { type: "vm-gone", site: zone("beta"), vmId: lost.vmId },
      { type: "tunnel-key-revoked", site: zone("beta"), vmId: lost.vmId, key: lost.tunnelKey ?? "" },
    );
    story.tunnels();
    assert.equal(third(), aTunnelKey("a third"));
    assert.equal(story.federation.tunnelKeys.get(third() ?? "")?.pair, 0);
  });

  it("is not looked at where no tunnel was planned", () => {
    const story = aFederation().trusted().deployed("beta").showsTunnelKey("beta", 0, "one").observes("beta");
    assert.equal(story.vm("beta").seen.tunnelKey, null);
    assert.deepEqual(due(story, "judge-tunnel-key"), []);
  });
});
