import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Configuration, secretsOf } from "../../src/config/configuration.ts";
import { describeMistakes, loadConfiguration } from "../../src/config/load-configuration.ts";
import { zoneName } from "../../src/federation/model/identity.ts";
import { ENVIRONMENT, FILES, filesOf, ZONES_FILE } from "./sample.ts";

const A = zoneName.parse("zone-a");
const B = zoneName.parse("zone-b");
const POOL = "zonepool: {xmlrpc: 'https://master.example/RPC2', user: shared, password: {file: pool-password}}\n";

type Edit = readonly [text: string, replacement: string];
const WITHOUT_ADDRESS: Edit = ["    xmlrpc: https://one.birch.example:2633/RPC2\n", ""];
const WITHOUT_ACCOUNT: Edit = ["    user: florist\n    password: {file: birch-password}\n", ""];

const load = (pool: string, ...edits: readonly Edit[]) => {
  const text = edits.reduce((before, [from, to]) => {
    assert.ok(before.includes(from), `the sample does not hold ${from}`);
    return before.replace(from, to);
  }, ZONES_FILE);
  const files = { ...FILES, "zones.yml": `${pool}${text}`, "pool-password": "of all zones\n" };
  return loadConfiguration({ environment: ENVIRONMENT, readFile: filesOf(files) });
};

async function loaded(...given: Parameters<typeof load>): Promise<Configuration> {
  const outcome = await load(...given);
  assert.ok(outcome.ok, outcome.ok ? "" : describeMistakes(outcome.mistakes));
  return outcome.configuration;
}

async function mistakes(...given: Parameters<typeof load>): Promise<readonly string[]> {
  const outcome = await load(...given);
  return outcome.ok ? [] : outcome.mistakes.map(({ where, problem }) => `${where} ${problem}`);
}

suite("A zones file with a zone pool", () => {
  test("lets an entry leave its address and account to the pool, and zones are then shown a token", async () => {
    const { zoneAccess, zonepool } = await loaded(POOL, WITHOUT_ADDRESS, WITHOUT_ACCOUNT);
    const { xmlrpc, called, sharesAccount, login, user, password } = zoneAccess.get(B) ?? assert.fail("zone-b");
    assert.deepEqual([xmlrpc, called, sharesAccount, login, user], [null, "zone-b", true, "token", "shared"]);
    assert.equal(password.reveal(), "of all zones");
    assert.deepEqual([zonepool?.xmlrpc, zonepool?.interval], ["https://master.example/RPC2", 60_000]);
  });

  test("keeps what an entry says itself", async () => {
    const { zoneAccess } = await loaded(POOL, WITHOUT_ADDRESS, [
      "network: 3",
      "network: 3\n    pool: 100\n    login: token",
    ]);
    const access = zoneAccess.get(B);
    assert.deepEqual(
      [access?.called, access?.sharesAccount, access?.login, access?.user, access?.standsAlone],
      [100, false, "token", "florist", false],
    );
    assert.deepEqual(
      [zoneAccess.get(A)?.standsAlone, zoneAccess.get(A)?.login],
      [true, "password"],
      "an entry with everything of its own stands alone",
    );
  });

  test("knows the pool's password for a secret, and prints it nowhere", async () => {
    const configuration = await loaded(POOL, WITHOUT_ADDRESS, WITHOUT_ACCOUNT);
    assert.ok(secretsOf(configuration).some((secret) => secret.reveal() === "of all zones"));
    assert.doesNotMatch(JSON.stringify([configuration.zonepool, ...configuration.zoneAccess.values()]), /of all zones/);
  });

  test("refuses half an account, and the same zone of the pool twice", async () => {
    assert.deepEqual(await mistakes(POOL, ["    password: {file: birch-password}\n", ""]), [
      "zones.yml:18: zones.zone-b.password is missing beside `user`",
    ]);
    assert.deepEqual(await mistakes(POOL, ["network: 3", "network: 3\n    pool: zone-a"]), [
      "zones.yml:30: zones.zone-b.pool is the zone of the pool that zone-a is already",
    ]);
  });

  test("tells a pool's own mistakes, and finds its password wherever it is looked for", async () => {
    const found = await mistakes("zonepool: {xmlrpc: 'http://master.example/RPC2', user: shared, password: secret}\n");
    assert.equal(found.length, 2);
    assert.match(found.join("\n"), /zonepool.xmlrpc goes over a network without TLS/);
    assert.match(found.join("\n"), /zonepool.password stands in the zones file itself/);
    const lost = await mistakes(POOL.replace("pool-password", "nowhere"), WITHOUT_ADDRESS, WITHOUT_ACCOUNT);
    assert.match(lost.join("\n"), /zonepool.password names the file .*nowhere, which cannot be read/);
  });
});

suite("A zones file without a zone pool", () => {
  test("misses in an entry what only a pool would know", async () => {
    assert.deepEqual(await mistakes("", WITHOUT_ADDRESS), ["zones.yml:17: zones.zone-b.xmlrpc is missing"]);
    const found = await mistakes("", WITHOUT_ACCOUNT);
    assert.deepEqual(
      found.map((one) => one.split(" ").slice(1).join(" ")),
      ["zones.zone-b.user is missing", "zones.zone-b.password is missing"],
    );
  });

  test("refuses what an entry says about a pool", async () => {
    assert.deepEqual(await mistakes("", ["network: 3", "network: 3\n    pool: 100"]), [
      "zones.yml:29: zones.zone-b.pool says what the zone is called in a zone pool, and the file has none",
    ]);
  });

  test("may ask for login tokens all the same", async () => {
    const { zoneAccess, tokenLife } = await loaded("", ["network: 3", "network: 3\n    login: token"]);
    assert.deepEqual([zoneAccess.get(B)?.login, zoneAccess.get(A)?.login], ["token", "password"]);
    assert.equal(tokenLife, 24 * 3600 * 1000);
  });
});
