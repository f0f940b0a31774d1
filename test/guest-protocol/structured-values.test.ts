import assert from "node:assert/strict";
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseAddress } from "../../src/guest-protocol/address.ts";
import { isAttributeValue } from "../../src/guest-protocol/alphabets.ts";
import { decodeBase64Text, encodeBase64Text } from "../../src/guest-protocol/decoded.ts";
import { decodeKeyList, encodeKeyList } from "../../src/guest-protocol/key-list.ts";
import { GIVEN, NODE_STATUSES } from "../../src/guest-protocol/names.ts";
import { type NodeKey, nodeKeyFromSpki, nodeKeyPem, parseNodeKey } from "../../src/guest-protocol/node-key.ts";
import { decodeNodeList, encodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { decodeNodeProof, encodeNodeProof, nodeProofBytes } from "../../src/guest-protocol/node-proof.ts";
import { decodeTrust, encodeTrust } from "../../src/guest-protocol/trust.ts";

/** Made once with ssh-keygen; the fingerprint is what `ssh-keygen -lf` printed for it. */
const KNOWN = {
  line: "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBCO5AnDQSnp/5QpNyfnNUSu2QgQfmux3rzP5KI6ktlMPTecc764jQkB/H7gmhJBmahkF77kivduXKrhM6ep3dhNA3JxnIVK9cVSGskIYgJfJZMetCqcin5ZNS3SvOzTqcg==",
  fingerprint: "SHA256:9AiZu/jOx52g7A+zdQDiThvmtBqGcZAQ9A23VcZJGAw",
};
const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

function newKey(): { key: NodeKey; privateKey: ReturnType<typeof generateKeyPairSync>["privateKey"] } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const key = nodeKeyFromSpki(publicKey.export({ type: "spki", format: "der" }));
  assert.ok(key.ok);
  return { key: key.value, privateKey };
}

function recoded(value: string, change: (text: string) => string): string {
  const text = decodeBase64Text(value);
  assert.ok(text.ok);
  return encodeBase64Text(change(text.value));
}

describe("a node key", () => {
  it("has the fingerprint that ssh-keygen prints", () => {
    const key = parseNodeKey(KNOWN.line);
    assert.equal(key.ok && key.value.fingerprint, KNOWN.fingerprint);
  });

  it("fits into an attribute and becomes the PEM that node and Flower know", () => {
    const { key, privateKey } = newKey();
    assert.equal(isAttributeValue(key.line), true);
    const signature = sign("sha384", Buffer.from("text"), privateKey);
    assert.equal(verify("sha384", Buffer.from("text"), nodeKeyPem(key), signature), true);
  });

  it("of another type, with a comment, cut, or spelt differently is refused", () => {
    const { key } = newKey();
    const blob = key.line.split(" ")[1] ?? "";
    for (const line of [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx0",
      `${key.line} owner`,
      key.line.slice(0, -4),
      `${key.line}\n`,
      `ecdsa-sha2-nistp256 ${blob}`,
      `ecdsa-sha2-nistp384  ${blob}`,
      key.line.replace("AAAAE2", "AAAAE3"),
      "",
    ]) {
      assert.equal(parseNodeKey(line).ok, false, line);
    }
    assert.equal(nodeKeyFromSpki(Buffer.from("rubbish")).ok, false);
  });
});

describe("a node proof", () => {
  const subject = { federation: "f3k9", site: "zone-b", attempt: "f3k9/zone-b/0123456789ab/1", vmId: 7 };

  it("signs five lines and nothing else", () => {
    assert.equal(
      nodeProofBytes(subject).toString(),
      "florist-node-proof-1\nfederation f3k9\nsite zone-b\nattempt f3k9/zone-b/0123456789ab/1\nvm 7\n",
    );
  });

  it("travels as base64 of a DER signature", () => {
    const { key, privateKey } = newKey();
    const signature = sign("sha384", nodeProofBytes(subject), privateKey);
    const read = decodeNodeProof(encodeNodeProof(signature));
    assert.ok(read.ok);
    assert.equal(verify("sha384", nodeProofBytes(subject), nodeKeyPem(key), read.value), true);
    assert.equal(verify("sha384", nodeProofBytes({ ...subject, vmId: 8 }), nodeKeyPem(key), read.value), false);
  });

  it("that is no base64, or too short or long for a signature, is refused", () => {
    assert.deepEqual(decodeNodeProof("AAA"), { ok: false, reason: "encoding" });
    assert.deepEqual(decodeNodeProof("AAAA"), { ok: false, reason: "shape" });
    assert.deepEqual(decodeNodeProof("A".repeat(200)), { ok: false, reason: "shape" });
    assert.deepEqual(decodeNodeProof("<!channel>"), { ok: false, reason: "alphabet" });
  });
});

describe("FL_NODES", () => {
  const entry = fc.record(
    {
      key: fc.constant(KNOWN.fingerprint),
      nodeId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
      status: fc.constantFrom(...NODE_STATUSES),
    },
    { noNullPrototype: true },
  );

  it("reads back whatever a SuperLink can say, ids beyond 2^53 too", () => {
    fc.assert(
      fc.property(fc.array(entry), (nodes) => {
        assert.deepEqual(decodeNodeList(encodeNodeList(nodes)), { ok: true, value: nodes });
      }),
    );
  });

  it("with an unknown status, a numeric id or an additional member is refused", () => {
    const value = encodeNodeList([{ key: KNOWN.fingerprint, nodeId: "5", status: "online" }]);
    const changes: ((text: string) => string)[] = [
      (text) => text.replace("online", "asleep"),
      (text) => text.replace('"5"', "5"),
      (text) => text.replace('"nodeId"', '"x":1,"nodeId"'),
      () => "[]",
      () => "null",
    ];
    for (const change of changes) {
      assert.equal(decodeNodeList(recoded(value, change)).ok, false);
    }
  });

  it("of a later schema is refused as such", () => {
    const value = recoded(encodeNodeList([]), (text) => text.replace('"schema":1', '"schema":2'));
    assert.deepEqual(decodeNodeList(value), { ok: false, reason: "schema" });
  });
});

describe("FL_ADMIT and FL_REVOKE", () => {
  const keys = [newKey().key, newKey().key];

  it("read back with their sequence number", () => {
    const list = { sequence: 4, keys };
    assert.deepEqual(decodeKeyList(GIVEN.admit, encodeKeyList(GIVEN.admit, list)), { ok: true, value: list });
    const empty = { sequence: 1, keys: [] };
    assert.deepEqual(decodeKeyList(GIVEN.revoke, encodeKeyList(GIVEN.revoke, empty)), { ok: true, value: empty });
  });

  it("cannot be taken for each other", () => {
    const value = encodeKeyList(GIVEN.admit, { sequence: 1, keys });
    assert.deepEqual(decodeKeyList(GIVEN.revoke, value), { ok: false, reason: "digest" });
  });

  it("change nothing when a key is missing, repeated or altered, or the sequence is", () => {
    const value = encodeKeyList(GIVEN.admit, { sequence: 2, keys });
    const second = keys[1]?.line ?? "";
    for (const change of [
      (text: string) => text.replace(`,"${second}"`, ""),
      (text: string) => text.replace(`"${second}"`, `"${keys[0]?.line}"`),
      (text: string) => text.replace('"sequence":2', '"sequence":3'),
    ]) {
      assert.deepEqual(decodeKeyList(GIVEN.admit, recoded(value, change)), { ok: false, reason: "digest" });
    }
    const [first] = keys;
    assert.ok(first);
    const twice = encodeKeyList(GIVEN.admit, { sequence: 2, keys: [first, first] });
    assert.deepEqual(decodeKeyList(GIVEN.admit, twice), { ok: false, reason: "shape" });
  });

  it("cut anywhere are refused", () => {
    const value = encodeKeyList(GIVEN.admit, { sequence: 2, keys });
    for (let length = 0; length < value.length; length++) {
      assert.equal(decodeKeyList(GIVEN.admit, value.slice(0, length)).ok, false);
    }
  });

  it("are never written larger than can cross", () => {
    const many = Array.from({ length: 300 }, () => keys).flat();
    assert.throws(() => encodeKeyList(GIVEN.admit, { sequence: 1, keys: many }), RangeError);
  });
});

describe("FL_TRUST", () => {
  const address = parseAddress("203.0.113.20:9092");
  assert.ok(address.ok);
  const trust = { sequence: 3, address: address.value, authorities: [PEM, PEM.replace("AAAA", "BBBB")] };

  it("reads back the address and every authority", () => {
    assert.deepEqual(decodeTrust(encodeTrust(trust)), { ok: true, value: trust });
  });

  it("with a part changed or an authority cut off is refused", () => {
    const value = encodeTrust(trust);
    for (const change of [
      (text: string) => text.replace("203.0.113.20", "203.0.113.21"),
      (text: string) => text.replace("BBBB", "CCCC"),
      (text: string) => text.replace('"sequence":3', '"sequence":4'),
    ]) {
      assert.deepEqual(decodeTrust(recoded(value, change)), { ok: false, reason: "digest" });
    }
    assert.deepEqual(decodeTrust(encodeTrust({ ...trust, authorities: [] })), { ok: false, reason: "shape" });
  });
});

describe("decoding foreign values", () => {
  const decoders = [
    decodeNodeList,
    decodeTrust,
    decodeNodeProof,
    parseNodeKey,
    (value: string) => decodeKeyList(GIVEN.admit, value),
  ];

  it("never throws, whatever the text", () => {
    const json = fc.json().map((text) => Buffer.from(text).toString("base64"));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), json), (text) => {
        for (const decode of decoders) {
          assert.equal(typeof decode(text).ok, "boolean");
        }
      }),
    );
  });

  it("refuses what is too large, outside the alphabet, or not canonical base64", () => {
    assert.deepEqual(decodeNodeList("A".repeat(65 * 1024)), { ok: false, reason: "too-large" });
    assert.deepEqual(decodeNodeList("a,b"), { ok: false, reason: "alphabet" });
    assert.deepEqual(decodeNodeList("e30"), { ok: false, reason: "encoding" });
    assert.deepEqual(decodeNodeList("/w=="), { ok: false, reason: "encoding" });
  });
});
