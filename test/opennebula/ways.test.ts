/** What a start costs with a hundred zones of a federation, and whose account goes where. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type ZoneName, zoneName } from "../../src/federation/model/identity.ts";
import { type AccessWish, doorsOf, openWays } from "../../src/opennebula/ways.ts";
import { openZone } from "../../src/opennebula/zone.ts";
import { Secret } from "../../src/secret.ts";
import { QUIET } from "../builders/memory-log.ts";
import { Bench } from "../sandbox/zones/bench.ts";

const ZONES = 100;
/** So many of them are there; of the others only the pool tells. */
const THERE = 12;
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

const limits = { deadlines: { xmlrpc: 20_000, oneflow: 20_000 }, inFlight: { xmlrpc: 4, oneflow: 2 } };

const wishFor = (name: ZoneName, called: number | string): AccessWish & typeof limits => ({
  ...{ name, called, xmlrpc: null, standsAlone: false, sharesAccount: true, login: "token" as const },
  ...{ user: "florist", password: new Secret("florist-of-zone-a") },
  ...limits,
});

suite("A hundred zones of an OpenNebula federation", () => {
  test("cost one look at the pool and one login, and each is reached with the same token", async () => {
    const calls: string[] = [];
    const shown: string[] = [];
    const counted: string[] = [];
    const bench = await Bench.start({
      ...{ zones: THERE, federated: true },
      record: ({ operation, request }) => {
        calls.push(operation);
        if (request.body.includes("florist-of-zone-a")) shown.push(operation);
      },
    });
    const there = Array.from({ length: THERE }, (_, index) => zoneName.parse(`zone-${LETTERS[index]}`));
    const others = Array.from({ length: ZONES - THERE }, (_, index) => zoneName.parse(`other-${index}`));
    const access = [
      ...there.map((name) => wishFor(name, name)),
      ...others.map((name, index) => wishFor(name, 1000 + index)),
    ];
    const [first] = bench.running.addresses.zones;
    const ways = openWays({
      pool: {
        ...{ xmlrpc: first?.xmlrpc ?? "", user: "florist", password: new Secret("florist-of-zone-a") },
        ...{ deadline: 20_000, interval: 3_600_000 },
      },
      access,
      file: { known: null, keep: () => Promise.resolve() },
      tokenLife: 86_400_000,
      retries: { first: 1, longest: 1 },
      onCall: (where, _, outcome) => counted.push(`${where} ${outcome}`),
      log: QUIET,
    });
    try {
      await bench.control.command("zone-a", { do: "list-others", count: others.length });
      await ways.pool?.start(() => undefined);
      assert.equal(ways.pool?.state().differences, 0);
      const doors = doorsOf(access, ways);
      assert.equal(doors.size, ZONES);
      for (const name of others) assert.match(ways.pool?.addressOf(name).href ?? "", /^https:..zone-1\d{3}.example/);
      const zones = there.map((name) => openZone({ ...(doors.get(name) ?? assert.fail(name)), name }));
      await Promise.all(zones.map((zone) => zone.account()));
      for (const zone of zones) zone.close();
      const count = (operation: string) => calls.filter((call) => call === operation).length;
      assert.equal(count("one.zonepool.info"), 1);
      assert.equal(count("one.user.login"), 1);
      assert.deepEqual(counted, ["pool answered", "pool answered", "pool answered"]);
      // One before the login, which shows what tokens there are.
      assert.equal(count("one.user.info"), THERE + 1);
      assert.deepEqual(shown.toSorted(), ["one.user.info", "one.user.login", "one.zonepool.info"], "the password");
    } finally {
      ways.close();
      await bench.stop();
    }
  });
});
