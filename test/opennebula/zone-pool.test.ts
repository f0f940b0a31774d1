/** The zone pool of an OpenNebula federation, asked again and again before the stand-in. */
import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { type ZoneName, zoneName } from "../../src/federation/model/identity.ts";
import type { PoolEntry } from "../../src/federation/model/zone-pool.ts";
import type { ZonePoolFile } from "../../src/federation/ports.ts";
import { byPassword } from "../../src/opennebula/credentials.ts";
import { parseZonePool } from "../../src/opennebula/parse/zone-pool.ts";
import { ZonePool } from "../../src/opennebula/zone-pool.ts";
import { Secret } from "../../src/secret.ts";
import { openZonePoolFile } from "../../src/store/zone-pool-file.ts";
import { QUIET } from "../builders/memory-log.ts";
import { Bench } from "../sandbox/zones/bench.ts";
import { until } from "../waiting.ts";

const A = zoneName.parse("zone-a");
const B = zoneName.parse("zone-b");
const HOUR = 3_600_000;

interface Given {
  readonly bench: Bench;
  readonly calls: string[];
  /** What the operator was told, each with its zone. */
  readonly told: string[];
  readonly moved: ZoneName[];
  readonly directory: string;
  open(entries?: readonly PoolEntry[], file?: ZonePoolFile): Promise<ZonePool>;
}

const entry = (name: ZoneName): PoolEntry => ({
  ...{ name, called: name, standsAlone: false, xmlrpc: null, sharesAccount: true },
});
const ENTRIES = [entry(A), entry(B)];

async function withPool(tell: (given: Given) => Promise<void>): Promise<void> {
  const [calls, told, moved]: [string[], string[], ZoneName[]] = [[], [], []];
  const directory = await mkdtemp(join(tmpdir(), "florist-pool-"));
  const bench = await Bench.start({
    ...{ zones: 2, federated: true },
    record: ({ operation }) => void calls.push(operation),
  });
  const opened: ZonePool[] = [];
  const note = (fields: object, message: string) => void told.push(`${JSON.stringify(fields)} ${message}`);
  const address = bench.running.addresses.zones[0]?.xmlrpc ?? assert.fail("no zone");
  try {
    await tell({
      ...{ bench, calls, told, moved, directory },
      open: async (entries = ENTRIES, file) => {
        const pool = new ZonePool({
          url: new URL(address),
          account: byPassword("florist", new Secret("florist-of-zone-a")),
          ...{ deadline: 20_000, interval: HOUR, entries, log: { info: note, warn: note, error: note } },
          file: file ?? (await openZonePoolFile(join(directory, "zonepool.json"), QUIET)),
          onCall: () => undefined,
        });
        opened.push(pool);
        return pool;
      },
    });
  } finally {
    for (const pool of opened) pool.stop();
    await bench.stop();
    await rm(directory, { recursive: true });
  }
}

const starts = (pool: ZonePool, { moved }: Given) => pool.start((zone) => void moved.push(zone));

suite("The zone pool", () => {
  test("says where its zones are, and nothing of that is told where file and pool agree", () =>
    withPool(async (given) => {
      const pool = await given.open();
      assert.throws(() => pool.addressOf(A), /has not answered yet/);
      await starts(pool, given);
      const addresses = given.bench.running.addresses.zones.map(({ xmlrpc }) => new URL(xmlrpc).href);
      assert.deepEqual([pool.addressOf(A).href, pool.addressOf(B).href], addresses);
      assert.deepEqual([given.moved, given.told], [[A, B], []]);
    }));

  test("is asked in one call, with a hundred zones in it, and the operator is told of no more than a few", () =>
    withPool(async (given) => {
      const { bench, calls, told } = given;
      await bench.control.command(A, { do: "list-others", count: 98 });
      const pool = await given.open();
      calls.length = 0;
      await starts(pool, given);
      assert.deepEqual(calls, ["one.zonepool.info"]);
      assert.equal(pool.state().differences, 98);
      assert.equal(told.length, 1, told.join("\n"));
      assert.match(told[0] ?? "", /"Other zone 1009" \(number 1009\), and 88 more\..* other-zone-1000: \{ title: …/);
      await pool.look();
      assert.equal(told.length, 1, "once");
      const next = await given.open();
      await starts(next, given);
      await until("what the next start tells", () => told.length > 1);
      assert.match(told[1] ?? "", /"more":98.*the doctor lists it/);
    }));

  test("is told to have another zone when one joins, with the lines of an entry, once for ever", () =>
    withPool(async (given) => {
      const { bench, told } = given;
      const pool = await given.open();
      await starts(pool, given);
      await bench.control.command(A, { do: "list-others", count: 1 });
      await pool.look();
      await pool.look();
      assert.equal(told.length, 1);
      assert.match(
        told[0] ?? "",
        /"Other zone 1000" of the zone pool is not in the zones file.* other-zone-1000: \{ title: …, pool: 1000/,
      );
      pool.stop();
      const next = await given.open();
      await starts(next, given);
      await next.look();
      assert.equal(told.filter((line) => line.includes("Other zone 1000")).length, 1, "not by the next start either");
    }));

  test("moves a zone while the bot runs, and says so", () =>
    withPool(async (given) => {
      const { bench, told, moved } = given;
      const pool = await given.open();
      await starts(pool, given);
      await bench.control.command(B, { do: "list-zone", at: "https://moved.example:2633/RPC2" });
      await pool.look();
      assert.equal(pool.addressOf(B).href, "https://moved.example:2633/RPC2");
      assert.deepEqual(moved, [A, B, B]);
      assert.match(told.join("\n"), /"zone":"zone-b".*The zone pool names another address/);
      await bench.control.command(B, { do: "list-zone", at: "http://10.0.0.1:2633/RPC2" });
      await pool.look();
      assert.equal(pool.addressOf(B).href, "https://moved.example:2633/RPC2", "not to where the account would be read");
      assert.match(told.at(-1) ?? "", /which the bot does not send an account to/);
    }));

  test("that a zone leaves is told, and what runs in that zone is looked after where it was", () =>
    withPool(async (given) => {
      const { bench, told } = given;
      const pool = await given.open();
      await starts(pool, given);
      const before = pool.addressOf(B).href;
      await bench.control.command(B, { do: "list-zone", listed: false });
      await pool.look();
      await pool.look();
      assert.equal(told.length, 1);
      assert.match(told[0] ?? "", /zone-b is in the zones file, and the zone pool lists no zone "zone-b"/);
      const next = await given.open();
      assert.equal(next.addressOf(B).href, before, "also after a start");
    }));

  test("says which zones are disabled, until they are enabled again", () =>
    withPool(async (given) => {
      const { bench, told } = given;
      const pool = await given.open();
      await starts(pool, given);
      await bench.control.command(B, { do: "enable-zone", enabled: false });
      await pool.look();
      assert.deepEqual([...pool.disabled], [B]);
      await bench.control.command(B, { do: "enable-zone", enabled: true });
      await pool.look();
      assert.deepEqual([...pool.disabled], []);
      assert.match(told.join("\n"), /zone-b is disabled.*\n.*enabled in the zone pool again/);
    }));

  test("that does not answer counts as it answered last, also for a bot that starts meanwhile, and is told once", () =>
    withPool(async (given) => {
      const { bench, told, moved } = given;
      const pool = await given.open();
      await starts(pool, given);
      const { href } = pool.addressOf(B);
      await bench.control.command(A, { do: "down" });
      await pool.look();
      await pool.look();
      assert.equal(told.length, 1);
      assert.match(told[0] ?? "", /No connection to zone pool at .*What it listed last counts/);
      const next = await given.open();
      await starts(next, given);
      assert.equal(next.addressOf(B).href, href);
      await bench.control.command(A, { do: "up" });
      moved.length = 0;
      await pool.look();
      assert.match(told.at(-1) ?? "", /The zone pool answers again/);
      assert.deepEqual(moved, []);
    }));

  test("that has never answered leaves its zones unreachable, until it does", () =>
    withPool(async (given) => {
      const { bench, told, moved } = given;
      await bench.control.command(A, { do: "down" });
      const pool = await given.open();
      await starts(pool, given);
      assert.throws(() => pool.addressOf(B), { code: "unreachable", message: /only it knows where the zone is/ });
      assert.match(told.join("\n"), /Nothing is known of it yet/);
      await bench.control.command(A, { do: "up" });
      await pool.look();
      assert.deepEqual(moved, [A, B]);
      assert.ok(pool.addressOf(B));
    }));

  test("is kept in a file for its owner alone; a damaged one is told and made anew", () =>
    withPool(async (given) => {
      const path = join(given.directory, "zonepool.json");
      await starts(await given.open(), given);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      await writeFile(path, "{}");
      const warned: string[] = [];
      const log = { ...QUIET, warn: (_fields: object, message: string) => void warned.push(message) };
      const damaged = await openZonePoolFile(path, log);
      assert.deepEqual([damaged.known, warned.length], [null, 1]);
      await starts(await given.open(ENTRIES, damaged), given);
      assert.equal((await openZonePoolFile(path, QUIET)).known?.zones.length, 2);
    }));

  test("hides none of its zones behind one of an odd shape", () => {
    const good = "<ZONE><ID>0</ID><NAME>a</NAME><STATE>1</STATE><TEMPLATE></TEMPLATE></ZONE>";
    const xml = `<ZONE_POOL>${good}<ZONE><ID>x</ID></ZONE>${good.replace("<ID>0", "<ID>7")}</ZONE_POOL>`;
    assert.deepEqual(
      parseZonePool(xml).map(({ id, disabled, endpoint }) => [id, disabled, endpoint]),
      [
        [0, true, ""],
        [7, true, ""],
      ],
    );
  });
});
