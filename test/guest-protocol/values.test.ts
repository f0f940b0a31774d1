import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../src/guest-protocol/address.ts";
import { isAttributeValue, isContextValue, MAX_VALUE_BYTES } from "../../src/guest-protocol/alphabets.ts";
import { formatAttempt, parseAttempt } from "../../src/guest-protocol/attempt.ts";
import { decodePem, encodePem } from "../../src/guest-protocol/certificates.ts";
import {
  parseFingerprint,
  parseFramework,
  parseHeartbeat,
  parseLink,
  parseReason,
  parseRole,
  parseStage,
  parseVersion,
} from "../../src/guest-protocol/claims.ts";
import { formatExtraSan, parseExtraSan } from "../../src/guest-protocol/extra-san.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

describe("what may cross", () => {
  it("CONTEXT takes commas, a VM attribute does not", () => {
    assert.equal(isContextValue("IP:10.0.0.1,DNS:a.example"), true);
    assert.equal(isAttributeValue("IP:10.0.0.1,DNS:a.example"), false);
  });

  it("neither takes what a shell or OneGate's quoting would read", () => {
    for (const text of ["$(reboot)", "`id`", 'a"b', "a\\b", "a\nb", "[a]", "<!channel>", "é", "a;b", "a&b", "'"]) {
      assert.equal(isContextValue(text), false, text);
      assert.equal(isAttributeValue(text), false, text);
    }
  });

  it("neither takes more than 64 kB", () => {
    const largest = "a".repeat(MAX_VALUE_BYTES);
    assert.equal(isContextValue(largest) && isAttributeValue(largest), true);
    assert.equal(isContextValue(`${largest}a`) || isAttributeValue(`${largest}a`), false);
  });
});

describe("addresses", () => {
  it("are an IPv4 or IPv6 address or a DNS name, with a port after the last colon", () => {
    for (const text of ["203.0.113.20:9092", "fl.example.org:443", "localhost:65535", "2001:db8::20:9092", "::1:1"]) {
      const address = parseAddress(text);
      assert.equal(address.ok && formatAddress(address.value), text);
    }
  });

  it("compare names in lower case", () => {
    const address = parseAddress("FL.Example.ORG:9092");
    assert.deepEqual(address.ok && address.value.host, { kind: "dns", value: "fl.example.org" });
  });

  it("have one form for each IPv6 address, without brackets", () => {
    const address = parseAddress("2001:0DB8:0:0::20:9092");
    assert.deepEqual(address.ok && address.value, { host: { kind: "ip", value: "2001:db8::20" }, port: 9092 });
  });

  it("refuse brackets, IPv4 in IPv6's form, missing parts, mistyped addresses and ports out of range", () => {
    for (const text of [
      ...[
        "[::1]:9092",
        "::ffff:203.0.113.20:9092",
        "::ffff:cb00:7114:1",
        "fe80::1%eth0:1",
        "2001:db8::1::2:1",
        "203.0.113.20",
        ":9092",
        "host:",
        "host:0",
        "host:65536",
        "host:09092",
        "host: 1",
      ],
      ...["203.0.113.256:1", "203.0.113:1", "1:1", "-a.example:1", "a..b:1", "a_b:1", "", "http://a.example:1"],
    ]) {
      assert.equal(parseAddress(text).ok, false, text);
    }
  });

  it("in a list of certificate names say of which kind they are", () => {
    const text = "IP:203.0.113.20,DNS:fl.example.org,IP:2001:db8::20";
    const hosts = parseExtraSan(text);
    assert.equal(hosts.ok && formatExtraSan(hosts.value), text);
    assert.deepEqual(parseExtraSan(""), { ok: true, value: [] });
    for (const wrong of [
      "203.0.113.20",
      "DNS:203.0.113.20",
      "IP:fl.example.org",
      "DNS:::1",
      "email:a",
      "DNS:a,",
      ",",
    ]) {
      assert.equal(parseExtraSan(wrong).ok, false, wrong);
    }
  });
});

describe("an attempt", () => {
  const attempt = { federation: "f3k9", site: "zone-a", digest12: "0123456789ab", sequence: 2 };

  it("is federation, site, twelve digits of the digest and a sequence number", () => {
    assert.equal(formatAttempt(attempt), "f3k9/zone-a/0123456789ab/2");
    assert.deepEqual(parseAttempt("f3k9/zone-a/0123456789ab/2"), { ok: true, value: attempt });
  });

  it("that could not be read back is never written", () => {
    assert.throws(() => formatAttempt({ ...attempt, site: "a/b" }), RangeError);
    assert.throws(() => formatAttempt({ ...attempt, sequence: 0 }), RangeError);
  });

  it("of any other form is refused", () => {
    for (const text of ["", "a/b/0123456789ab", "a/b/0123456789AB/1", "a/b/0123456789ab/01", "a/b/0123456789ab/1/2"]) {
      assert.equal(parseAttempt(text).ok, false, text);
    }
  });
});

describe("closed sets and plain values", () => {
  it("are read as they are written", () => {
    assert.deepEqual(parseRole("superlink"), { ok: true, value: "superlink" });
    assert.deepEqual(parseFramework("pytorch"), { ok: true, value: "pytorch" });
    assert.deepEqual(parseStage("awaiting-admission"), { ok: true, value: "awaiting-admission" });
    assert.deepEqual(parseReason("clock"), { ok: true, value: "clock" });
    assert.deepEqual(parseLink("name-mismatch"), { ok: true, value: "name-mismatch" });
    assert.deepEqual(parseHeartbeat("41"), { ok: true, value: 41 });
    assert.deepEqual(parseVersion("1.31.0"), { ok: true, value: "1.31.0" });
    const fingerprint = Array.from({ length: 32 }, () => "0F").join(":");
    assert.deepEqual(parseFingerprint(fingerprint), { ok: true, value: fingerprint });
  });

  it("never throw and never take a hostile text", () => {
    const readers = [
      parseRole,
      parseFramework,
      parseStage,
      parseReason,
      parseLink,
      parseHeartbeat,
      parseVersion,
      parseFingerprint,
    ];
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const read of readers) {
          const value = read(text);
          assert.equal(value.ok && !isAttributeValue(text), false);
        }
      }),
    );
  });
});

describe("PEM values", () => {
  it("come back block by block, whatever line ends they had", () => {
    assert.deepEqual(decodePem(encodePem([PEM, PEM.replaceAll("\n", "\r\n")]), "CERTIFICATE"), {
      ok: true,
      value: [PEM, PEM],
    });
  });

  it("with anything around the blocks, of another kind, or empty are refused", () => {
    const values = [`# note\n${PEM}`, `${PEM}junk`, PEM.replaceAll("CERTIFICATE", "PRIVATE KEY"), "\n"];
    for (const text of values) {
      assert.deepEqual(decodePem(encodePem([text]), "CERTIFICATE"), { ok: false, reason: "shape" }, text);
    }
    assert.deepEqual(decodePem("not base64", "CERTIFICATE"), { ok: false, reason: "encoding" });
  });
});
