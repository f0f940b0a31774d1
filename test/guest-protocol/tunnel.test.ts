import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isAttributeValue } from "../../src/guest-protocol/alphabets.ts";
import { decodeBase64Text, encodeBase64Text } from "../../src/guest-protocol/decoded.ts";
import {
  decodeTunnelLinks,
  decodeTunnelPeers,
  encodeTunnelLinks,
  encodeTunnelPeers,
  MAX_COUNTED,
  parseTunnelKey,
  type TunnelPeers,
} from "../../src/guest-protocol/tunnel.ts";

const key = (): string => randomBytes(32).toString("base64");
const HUB = key();
const SITE: TunnelPeers = {
  sequence: 1,
  own: ["10.99.0.1/31"],
  peers: [{ key: HUB, endpoint: "203.0.113.9:51820", allowed: ["10.99.0.0/32"], replaces: null }],
};

function recoded(value: string, change: (text: string) => string): string {
  const text = decodeBase64Text(value);
  assert.ok(text.ok);
  return encodeBase64Text(change(text.value));
}

describe("a tunnel's key", () => {
  it("is 32 bytes in the one spelling that base64 has for them", () => {
    assert.equal(parseTunnelKey(HUB).ok, true);
    const last = HUB.at(-2) ?? "";
    const spelt = `${HUB.slice(0, -2)}${String.fromCharCode(last.charCodeAt(0) + 1)}=`;
    for (const text of [
      "",
      HUB.slice(0, -1),
      `${HUB} `,
      spelt,
      `${"A".repeat(43)}=`,
      randomBytes(33).toString("base64"),
    ])
      assert.equal(parseTunnelKey(text).ok, false, text);
  });
});

describe("what a guest is told of its tunnel", () => {
  it("is read as it was written", () => {
    const network = fc
      .tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 }))
      .map(([address, prefix]) => `${address}/${prefix}`);
    const peer = fc.record(
      {
        key: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("base64")),
        endpoint: fc.option(fc.ipV4().map((address) => `${address}:51820`)),
        allowed: fc.uniqueArray(network, { maxLength: 2 }),
        replaces: fc.constantFrom(null, HUB),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99 }),
        fc.uniqueArray(network, { maxLength: 3 }),
        fc.uniqueArray(peer, { maxLength: 4, selector: (one) => one.key }),
        (sequence, own, peers) => {
          const told = { sequence, own, peers };
          const networks = peers.flatMap(({ allowed }) => allowed);
          fc.pre(new Set(networks).size === networks.length);
          fc.pre(peers.every((one) => parseTunnelKey(one.key).ok));
          const value = encodeTunnelPeers(told);
          assert.equal(isAttributeValue(value), true);
          assert.deepEqual(decodeTunnelPeers(value), { ok: true, value: told });
        },
      ),
    );
  });

  it("has room for a hundred peers", () => {
    const peers = Array.from({ length: 100 }, (_, nth) => ({
      key: key(),
      endpoint: null,
      allowed: [`10.99.${nth >> 7}.${((nth & 127) << 1) | 1}/32`],
      replaces: null,
    }));
    assert.equal(decodeTunnelPeers(encodeTunnelPeers({ sequence: 1, own: ["10.99.0.0/31"], peers })).ok, true);
  });

  it("changes nothing when it is altered, cut, or gives one network to two peers", () => {
    const value = encodeTunnelPeers(SITE);
    for (const [from, to] of [
      ["10.99.0.0/32", "10.99.0.2/32"],
      [":51820", ":51821"],
      ['"sequence":1', '"sequence":2'],
      ['"own":["10.99.0.1/31"]', '"own":[]'],
    ] as const)
      assert.deepEqual(
        decodeTunnelPeers(recoded(value, (text) => text.replace(from, to))),
        { ok: false, reason: "digest" },
        to,
      );
    assert.equal(decodeTunnelPeers(value.slice(0, -8)).ok, false);
    const [peer] = SITE.peers;
    assert.ok(peer);
    for (const peers of [
      [peer, { ...peer, key: key() }],
      [peer, { ...peer, allowed: [] }],
      [{ ...peer, allowed: ["10.99.0.0/0"] }],
      [{ ...peer, endpoint: "nowhere" }],
    ])
      assert.deepEqual(decodeTunnelPeers(encodeTunnelPeers({ ...SITE, peers })), { ok: false, reason: "shape" });
  });
});

describe("what a guest says of its tunnel", () => {
  const said = {
    peers: [
      { key: HUB, age: null, rx: 0, tx: 148, endpoint: "203.0.113.9:51820", allowed: ["10.99.0.0/32"], moves: 2 },
    ],
    knocks: [{ from: "203.0.113.9", count: 3 }],
    strays: [{ from: "10.99.0.3", count: 7 }],
    forged: 4,
  };

  it("is read as it was written", () => {
    assert.deepEqual(decodeTunnelLinks(encodeTunnelLinks(said)), { ok: true, value: said });
  });

  it("names so many addresses that knocked, and no more", () => {
    const knocks = Array.from({ length: MAX_COUNTED + 1 }, (_, nth) => ({ from: `203.0.113.${nth}`, count: 1 }));
    assert.equal(decodeTunnelLinks(encodeTunnelLinks({ ...said, knocks: knocks.slice(1) })).ok, true);
    assert.equal(decodeTunnelLinks(encodeTunnelLinks({ ...said, knocks })).ok, false);
  });
});
