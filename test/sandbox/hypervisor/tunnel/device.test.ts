import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { TunnelKey } from "../../../../sandbox/hypervisor/tunnel/tunnel-key.ts";
import { addressOf, asPeer, ENDPOINT, HUB_ZONE, TunnelBench } from "./tunnel-bench.ts";

let bench: TunnelBench;
beforeEach(() => {
  bench = new TunnelBench();
});

describe("a tunnel comes up", () => {
  it("once both ends know each other's key, whoever knows it first", () => {
    const site = bench.site("zone-b/1", 0);
    assert.equal(bench.dials(site), "too early");
    bench.passes(7);
    bench.tell(asPeer(site, 0));
    bench.passes(5);
    assert.equal(bench.dials(site), "ok");
    assert.ok((bench.ageAtHub(site) ?? 99) <= 5);
  });

  it("for every VM of a zone, which its router tells apart by their ports", () => {
    const sites = [bench.site("zone-b/1", 0), bench.site("zone-b/2", 1)] as const;
    bench.tell(asPeer(sites[0], 0), asPeer(sites[1], 1));
    bench.passes(5);
    assert.deepEqual(
      sites.map((site) => bench.dials(site)),
      ["ok", "ok"],
    );
    const endpoints = [...bench.hub.device.endpoints.values()];
    assert.equal(new Set(endpoints).size, 2);
    assert.equal(new Set(endpoints.map((endpoint) => endpoint.split(":")[0])).size, 1);
  });

  it("and is renewed for ever while nobody says anything, its age never over 150 seconds", () => {
    const site = bench.site("zone-b/1", 0);
    bench.tell(asPeer(site, 0));
    for (let look = 0; look < 60; look += 1) {
      bench.passes(10);
      assert.ok((bench.ageAtHub(site) ?? 999) < 150);
    }
    assert.equal(bench.dials(site), "ok");
  });

  it("not seen as silent by one who looks late", () => {
    const site = bench.site("zone-b/1", 0);
    bench.tell(asPeer(site, 0));
    bench.passes(5);
    bench.now += 600_000;
    assert.equal(bench.ageAtHub(site), 0);
    assert.equal(bench.dials(site), "ok");
  });
});

describe("nothing crosses", () => {
  it("while the hub does not know the site: it is silent after 15 seconds, and the hub counts who knocked", () => {
    const site = bench.site("zone-b/1", 0);
    bench.passes(14);
    assert.equal(bench.dials(site), "too early");
    bench.passes(1);
    assert.equal(bench.dials(site), "tunnel-silent");
    assert.equal(bench.knocks, 4);
    assert.deepEqual(bench.hub.device.links().peers, []);
  });

  it("while either end has another key for the other one, and that looks the same from both", () => {
    const stranger = TunnelKey.make();
    const site = bench.site("zone-b/1", 0, { hubKey: stranger.publicKey });
    bench.tell(asPeer(site, 0));
    bench.passes(20);
    assert.equal(bench.dials(site), "tunnel-silent");
    assert.equal(bench.ageAtHub(site), null);
    assert.ok(bench.knocks > 0);
    const other = bench.site("zone-c/1", 1);
    bench.tell(asPeer(site, 0), asPeer({ key: stranger }, 1));
    bench.passes(20);
    assert.equal(bench.dials(other), "tunnel-silent");
  });

  it("with a key that was copied without its private half", () => {
    const site = bench.site("zone-b/1", 0);
    bench.tell(asPeer(site, 0));
    const thief = bench.begin("zone-c/1");
    // The public half is all that it has of the other's key, so it can only begin as itself.
    thief.device.configure({ own: ["10.99.0.1/31"], peers: [bench.hubAsPeer()] });
    bench.passes(20);
    assert.equal(bench.dials(thief), "tunnel-silent");
    assert.equal(bench.dials(site), "ok");
  });

  it("where the port is not forwarded, UDP is blocked or the address is wrong: no knock at the hub", () => {
    bench.setPath(HUB_ZONE, { forward: "closed" });
    const site = bench.site("zone-b/1", 0);
    bench.tell(asPeer(site, 0));
    bench.passes(20);
    assert.equal(bench.dials(site), "tunnel-silent");
    bench.setPath(HUB_ZONE, { forward: "open" });
    bench.setPath("zone-b", { udp: "blocked" });
    bench.passes(20);
    assert.equal(bench.dials(site), "tunnel-silent");
    const lost = bench.begin("zone-c/1");
    lost.device.configure({ own: [], peers: [{ ...bench.hubAsPeer(), endpoint: "203.0.113.99:51820" }] });
    bench.passes(20);
    assert.equal(bench.dials(lost), "tunnel-silent");
    assert.equal(bench.knocks, 0);
    bench.setPath("zone-b", { udp: "open" });
    bench.passes(25);
    assert.equal(bench.dials(site), "ok");
  });

  it("where the hub's VM is there and nobody listens in it: it refuses, which one that is not there does not", () => {
    bench.hub.device.close();
    const site = bench.site("zone-b/1", 0);
    bench.passes(15);
    assert.equal(bench.dials(site), "tunnel-refused");
    bench.underlay.unplug(bench.hub.owner);
    assert.equal(bench.dials(site), "tunnel-silent");
  });

  it("from or to an address that is not allowed, though the handshake is fresh", () => {
    const site = bench.site("zone-b/1", 0);
    bench.tell(asPeer(site, 1));
    bench.passes(5);
    assert.equal(bench.dials(site), "tunnel-silent");
    assert.ok((bench.ageAtHub(site) ?? 99) <= 5);
    bench.tell(asPeer(site, 0));
    assert.equal(bench.dials(site), "ok");
    assert.equal(bench.dials(site, addressOf("10.99.0.2:9092")), "unreachable");
    assert.equal(bench.dials(site, addressOf("10.99.0.0:22")), "refused");
  });

  it("with another peer's address, nor to another peer through the hub", () => {
    const honest = bench.site("zone-b/1", 0);
    const hostile = bench.begin("zone-c/1");
    hostile.device.configure({ own: ["10.99.0.3/31"], peers: [{ ...bench.hubAsPeer(), allowed: ["10.99.0.0/16"] }] });
    bench.tell(asPeer(honest, 0), asPeer(hostile, 1));
    bench.passes(5);
    assert.equal(bench.dials(hostile, addressOf("10.99.0.1:9092")), "tunnel-silent");
    bench.forge(hostile.owner, "10.99.0.1");
    assert.equal(bench.dials(hostile), "tunnel-silent");
    assert.equal(bench.dials(honest), "ok");
  });

  it("after the hub has dropped the peer, while the others stay", () => {
    const [gone, stays] = [bench.site("zone-b/1", 0), bench.site("zone-c/1", 1)];
    bench.tell(asPeer(gone, 0), asPeer(stays, 1));
    bench.passes(5);
    bench.tell(asPeer(stays, 1));
    assert.deepEqual([bench.dials(gone), bench.dials(stays)], ["tunnel-silent", "ok"]);
  });

  it("from a site whose clock went back, until the hub takes its knocks for that and makes the peer anew", () => {
    const site = bench.site("zone-b/1", 0);
    bench.tell(asPeer(site, 0));
    bench.passes(200);
    bench.setClockBehind(site.owner, 3_600_000);
    site.device.close();
    const again = bench.site(site.owner, 0, { key: site.key });
    bench.passes(16);
    assert.equal(bench.dials(again), "tunnel-silent");
    bench.passes(20);
    assert.equal(bench.dials(again), "ok");
  });
});

describe("a tunnel that stands", () => {
  it("loses large packets on a path that carries only smaller ones: stalled, and well with a smaller MTU", () => {
    const sites = [bench.site("zone-b/1", 0), bench.site("zone-b/2", 1, { mtu: 1280 })] as const;
    bench.tell(asPeer(sites[0], 0), asPeer(sites[1], 1));
    bench.passes(5);
    bench.setPath("zone-b", { mtu: 1400 });
    assert.deepEqual(
      sites.map((site) => bench.dials(site)),
      ["tunnel-stalled", "ok"],
    );
  });

  it("and is cut is silent, and goes on soon after the cut", () => {
    const site = bench.site("zone-b/1", 0);
    bench.tell(asPeer(site, 0));
    bench.passes(60);
    bench.setPath("zone-b", { udp: "blocked" });
    assert.equal(bench.dials(site), "tunnel-silent");
    bench.passes(300);
    assert.ok((bench.ageAtHub(site) ?? 0) > 180);
    bench.setPath("zone-b", { udp: "open" });
    bench.passes(26);
    assert.equal(bench.dials(site), "ok");
  });

  it("needs no forward any more, for the hub sends by itself; a site that begins anew does", () => {
    const site = bench.site("zone-b/1", 0);
    bench.tell(asPeer(site, 0));
    bench.passes(10);
    bench.setPath(HUB_ZONE, { forward: "closed" });
    bench.passes(600);
    assert.equal(bench.dials(site), "ok");
  });

  it("is there at once after the hub's reboot, which remembers where its peers were", () => {
    const site = bench.site("zone-b/1", 0);
    bench.tell(asPeer(site, 0));
    bench.passes(60);
    bench.rebootHub(asPeer(site, 0));
    assert.equal(bench.ageAtHub(site), 0);
    assert.equal(bench.dials(site), "ok");
  });

  it("is taken by turns where two VMs have one key: each loses what it sends now and then", () => {
    const site = bench.site("zone-b/1", 0);
    const clone = bench.site("zone-b/2", 0, { key: site.key });
    bench.tell(asPeer(site, 0));
    const outcomes = new Set<string>();
    for (let turn = 0; turn < 60; turn += 1) {
      bench.passes(2);
      outcomes.add(`${bench.dials(site)}, ${bench.dials(clone)}`);
    }
    assert.ok(outcomes.has("ok, tunnel-silent") && outcomes.has("tunnel-silent, ok"), [...outcomes].join("; "));
    assert.equal(outcomes.has("ok, ok"), false);
  });
});

describe("a key is changed without a break", () => {
  it("a site's: the hub moves the networks over at the new key's first handshake", () => {
    const site = bench.site("zone-b/1", 0);
    bench.tell(asPeer(site, 0));
    bench.passes(10);
    const next = TunnelKey.make();
    const successor = asPeer({ key: next }, 0, { allowed: [], replaces: site.key.publicKey });
    bench.tell(asPeer(site, 0), successor);
    assert.equal(bench.dials(site), "ok");
    site.device.useKey(next);
    assert.equal(bench.dials(site), "ok");
    bench.tell(asPeer(site, 0), successor, asPeer({ key: TunnelKey.make() }, 1));
    assert.equal(bench.dials(site), "ok");
    bench.tell(asPeer({ key: next }, 0));
    bench.passes(200);
    assert.equal(bench.dials(site), "ok");
  });

  it("the hub's: each site moves over by itself, and one that was not told is silent", () => {
    const [told, untold] = [bench.site("zone-b/1", 0), bench.site("zone-c/1", 1)];
    bench.tell(asPeer(told, 0), asPeer(untold, 1));
    bench.passes(10);
    const next = TunnelKey.make();
    const successor = { key: next.publicKey, endpoint: ENDPOINT, allowed: [], replaces: bench.hub.key.publicKey };
    told.device.configure({ own: ["10.99.0.1/31"], peers: [bench.hubAsPeer(), successor] });
    bench.passes(30);
    assert.equal(bench.dials(told), "ok");
    bench.hub.device.useKey(next);
    bench.passes(5);
    assert.equal(bench.dials(told), "ok");
    assert.equal(bench.dials(untold), "tunnel-silent");
    told.device.configure({ own: ["10.99.0.1/31"], peers: [bench.hubAsPeer(next.publicKey)] });
    bench.passes(200);
    assert.equal(bench.dials(told), "ok");
  });
});
