import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { zoneName } from "../../src/federation/model/identity.ts";
import {
  differenceKey,
  differenceWords,
  membersOf,
  type PoolEntry,
  type PoolZone,
  usableAddress,
} from "../../src/federation/model/zone-pool.ts";

const A = zoneName.parse("zone-a");
const B = zoneName.parse("zone-b");
const addressOf = (name: string): string => `https://${name}.example:2633/RPC2`;

const entry = (name: typeof A, change: Partial<PoolEntry> = {}): PoolEntry => ({
  ...{ name, called: name, standsAlone: false, xmlrpc: null, sharesAccount: true },
  ...change,
});
const listed = (id: number, name: string, change: Partial<PoolZone> = {}): PoolZone => ({
  ...{ id, name, disabled: false, endpoint: addressOf(name) },
  ...change,
});
const NOWHERE: ReadonlyMap<typeof A, string> = new Map();

suite("A zone pool beside the zones file", () => {
  test("says where a zone is that is called the same, or whose entry says what it is called there", () => {
    const pool = [listed(0, "zone-a"), listed(100, "Birch Cloud", { endpoint: addressOf("birch") })];
    for (const called of [100, "Birch Cloud"]) {
      const { addresses, differences } = membersOf([entry(A), entry(B, { called })], pool, NOWHERE);
      assert.deepEqual(
        [...addresses],
        [
          [A, addressOf("zone-a")],
          [B, addressOf("birch")],
        ],
      );
      assert.deepEqual(differences, []);
    }
  });

  test("gives way to the address that the file names, and the difference is told", () => {
    const own = "https://reached-by-the-bot.example/RPC2";
    const { addresses, differences } = membersOf([entry(A, { xmlrpc: own })], [listed(0, "zone-a")], NOWHERE);
    assert.equal(addresses.get(A), own);
    assert.deepEqual(
      differences.map(({ kind }) => kind),
      ["other-address"],
    );
  });

  test("has nothing to say of a zone that stands alone, with an address and an account of its own", () => {
    const alone = entry(A, { xmlrpc: addressOf("zone-a"), standsAlone: true, sharesAccount: false });
    assert.deepEqual(membersOf([alone], [], NOWHERE).differences, []);
  });

  test("goes on naming a zone that has left it, or that it names no usable address for, where it was", () => {
    const before = new Map([[A, addressOf("zone-a")]]);
    for (const pool of [
      [],
      [listed(0, "zone-a", { endpoint: "" })],
      [listed(0, "zone-a", { endpoint: "http://10.0.0.1/" })],
    ]) {
      const { addresses, differences } = membersOf([entry(A)], pool, before);
      assert.equal(addresses.get(A), addressOf("zone-a"));
      assert.equal(differences.length, 1);
    }
    assert.equal(membersOf([entry(A)], [], NOWHERE).addresses.size, 0);
  });

  test("never lets two entries be the same OpenNebula with the same account", () => {
    const here = { endpoint: "http://localhost:2633/RPC2" };
    const { addresses, differences } = membersOf(
      [entry(A), entry(B)],
      [listed(0, "zone-a", here), listed(100, "zone-b", here)],
      NOWHERE,
    );
    assert.deepEqual([...addresses.keys()], [A]);
    assert.deepEqual(differences, [{ kind: "same-zone", zone: B, first: A }]);
    const own = [entry(A), entry(B, { sharesAccount: false })];
    assert.equal(membersOf(own, [listed(0, "zone-a", here), listed(100, "zone-b", here)], NOWHERE).addresses.size, 2);
  });

  test("says which zones are disabled", () => {
    const { disabled, differences } = membersOf([entry(A)], [listed(0, "zone-a", { disabled: true })], NOWHERE);
    assert.deepEqual([...disabled], [A]);
    assert.deepEqual(
      differences.map(({ kind }) => kind),
      ["disabled"],
    );
  });

  test("offers what no entry means, with the lines of one", () => {
    const { differences } = membersOf([], [listed(101, "Zone C: Cedar"), listed(102, "zone-d")], NOWHERE);
    const remedies = differences.map((one) => differenceWords(one).remedy);
    assert.match(remedies[0] ?? "", /zone-c-cedar: \{ title: …, pool: 101, xmlrpc/);
    assert.match(remedies[1] ?? "", /zone-d: \{ title: …, oneflow: /, "called the same, it needs no number");
  });

  test("is trusted with the account over TLS alone, or on this machine", () => {
    assert.equal(usableAddress("http://localhost:2633/RPC2"), "http://localhost:2633/RPC2");
    for (const written of ["http://one.example.org:2633/RPC2", "ftp://x", "https://u:p@x/", "not an address", ""]) {
      assert.equal(usableAddress(written), null, written);
    }
  });

  test("differs in things that are told apart, each in a sentence with what to do", () => {
    const { differences } = membersOf(
      [entry(A, { xmlrpc: addressOf("other") }), entry(B)],
      [listed(0, "zone-a", { disabled: true }), listed(5, "new"), listed(6, "newer")],
      NOWHERE,
    );
    assert.equal(new Set(differences.map(differenceKey)).size, differences.length);
    for (const one of differences) {
      const { sentence, remedy } = differenceWords(one);
      assert.match(sentence, /\.$/);
      assert.ok(remedy.length > 20);
    }
  });
});
