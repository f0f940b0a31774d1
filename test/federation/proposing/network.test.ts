import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isPrivateIpv4 } from "../../../src/federation/model/ipv4.ts";
import { freeAddressCount, isFree, pickAddress } from "../../../src/federation/proposing/network.ts";
import { aNetwork } from "../../builders/survey.ts";

const NOBODY: ReadonlySet<string> = new Set();

/** Ranges of up to 40 addresses in networks of their own, some addresses leased, some taken by other plans. */
const crowded = fc
  .uniqueArray(fc.record({ third: fc.integer({ min: 0, max: 255 }), first: fc.integer({ min: 1, max: 200 }) }), {
    selector: ({ third }) => third,
    maxLength: 4,
  })
  .chain((starts) =>
    fc.record({
      ranges: fc.tuple(
        ...starts.map(({ third, first }) =>
          fc.integer({ min: 0, max: 39 }).map((more) => ({
            first: `203.0.${third}.${first}`,
            last: `203.0.${third}.${first + more}`,
          })),
        ),
      ),
      leased: fc.array(fc.integer({ min: 0, max: 199 })),
      taken: fc.array(fc.integer({ min: 0, max: 199 })),
      seed: fc.string(),
    }),
  )
  .map(({ ranges, leased, taken, seed }) => {
    const all = ranges.flatMap(addressesIn);
    const some = (indices: readonly number[]): string[] => [
      ...new Set(indices.flatMap((index) => all.slice(index, index + 1))),
    ];
    return { network: aNetwork({ ranges, leased: some(leased) }), taken: new Set(some(taken)), seed, all };
  });

function addressesIn({ first, last }: { first: string; last: string }): string[] {
  const start = first.lastIndexOf(".") + 1;
  const [from, to] = [Number(first.slice(start)), Number(last.slice(start))];
  return Array.from({ length: to - from + 1 }, (_, index) => `${first.slice(0, start)}${from + index}`);
}

describe("a picked address", () => {
  it("lies in the network, is free there, and is none that another open plan has taken", () => {
    fc.assert(
      fc.property(crowded, ({ network, taken, seed, all }) => {
        const free = all.filter((ip) => !network.leased.includes(ip) && !taken.has(ip));
        const picked = pickAddress(network, taken, seed);
        if (picked === null) assert.deepEqual(free, []);
        else assert.ok(free.includes(picked) && isFree(network, picked));
      }),
    );
  });

  it("is the same for the same federation while nothing has changed", () => {
    fc.assert(
      fc.property(crowded, ({ network, taken, seed }) => {
        assert.equal(pickAddress(network, taken, seed), pickAddress(network, taken, seed));
      }),
    );
  });

  it("is another for most other federations, so that two plans of one moment rarely collide", () => {
    const network = aNetwork({ leased: [] });
    const picks = Array.from({ length: 40 }, (_, nth) => pickAddress(network, NOBODY, `f${nth}`));
    assert.ok(new Set(picks).size > 20, `${new Set(picks).size} different addresses of 40`);
  });

  it("is found without walking a network of sixteen million addresses", () => {
    const network = aNetwork({ ranges: [{ first: "10.0.0.1", last: "10.255.255.254" }], leased: [] });
    assert.ok(isFree(network, pickAddress(network, NOBODY, "f") ?? ""));
  });

  it("is none when the network has no range", () => {
    assert.equal(pickAddress(aNetwork({ ranges: [] }), NOBODY, "f"), null);
  });
});

describe("free addresses", () => {
  it("are those of the ranges that are not leased", () => {
    fc.assert(
      fc.property(crowded, ({ network, all }) => {
        assert.equal(freeAddressCount(network), all.filter((ip) => isFree(network, ip)).length);
      }),
    );
  });

  it("leases outside the ranges do not count", () => {
    const network = aNetwork({ ranges: [{ first: "203.0.113.1", last: "203.0.113.2" }], leased: ["198.51.100.7"] });
    assert.equal(freeAddressCount(network), 2);
    assert.equal(isFree(network, "198.51.100.8"), false);
  });
});

describe("private addresses", () => {
  it("are those that are not reachable from elsewhere", () => {
    const reachable = [
      ...["9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0"],
      ...["100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.0.1", "203.0.113.20"],
    ];
    const hidden = [
      ...["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"],
      ...["100.64.0.0", "100.127.255.255", "127.0.0.1", "169.254.169.254"],
    ];
    assert.deepEqual(reachable.filter(isPrivateIpv4), []);
    assert.deepEqual(
      hidden.filter((ip) => !isPrivateIpv4(ip)),
      [],
    );
  });
});
