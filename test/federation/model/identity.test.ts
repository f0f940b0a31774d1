/** Names of sites: whichever way they are told, one site's are no other's. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { siteCode, siteIn, siteName, siteOfZone, zoneName, zoneOf } from "../../../src/federation/model/identity.ts";
import { isContextValue } from "../../../src/guest-protocol/alphabets.ts";
import { formatAttempt, isIdentifier, parseAttempt } from "../../../src/guest-protocol/attempt.ts";

const word = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,30}$/);
const zone = word.map((name) => zoneName.parse(name));
const site = fc.oneof(
  zone.map(siteOfZone),
  fc.tuple(zone, word).map(([of, name]) => siteIn(of, name)),
);

describe("A site's name", () => {
  it("is in one zone: that of its name, or the one before the slash", () => {
    fc.assert(
      fc.property(zone, word, (of, name) => {
        assert.equal(zoneOf(siteOfZone(of)), of);
        assert.equal(zoneOf(siteIn(of, name)), of);
      }),
    );
  });

  it("is carried by guests in letters that a shell takes as they are, also where it is as long as it may be", () => {
    const longest = siteIn(zoneName.parse("z".repeat(31)), "s".repeat(31));
    fc.assert(
      fc.property(fc.oneof(site, fc.constant(longest)), (name) => {
        const code = siteCode(name);
        assert.ok(isIdentifier(code) && isContextValue(code), code);
        const attempt = { federation: "f00000000001", site: code, digest12: "0123456789ab", sequence: 1 };
        const read = parseAttempt(formatAttempt(attempt));
        assert.equal(read.ok && read.value.site, code);
      }),
    );
  });

  it("is told apart from every other also as guests carry it", () => {
    fc.assert(fc.property(site, site, (one, other) => assert.equal(siteCode(one) === siteCode(other), one === other)));
  });

  it("is nothing else", () => {
    for (const text of ["", "/", "zone/", "/site", "a/b/c", "Zone", "zone/Site", "zone.site", "-zone", "zone/-site"]) {
      assert.equal(siteName.safeParse(text).success, false, text);
    }
  });
});
