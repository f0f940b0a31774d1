/** Login tokens in the place of the password, before the stand-in for an OpenNebula federation. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { TokenLogin } from "../../src/opennebula/token-login.ts";
import { type OpenZone, openZone } from "../../src/opennebula/zone.ts";
import { Secret } from "../../src/secret.ts";
import { QUIET } from "../builders/memory-log.ts";
import { Bench, type BenchWish } from "../sandbox/zones/bench.ts";
import { errorOf } from "./daemons.ts";

const PASSWORD = "florist-of-zone-a";
const DAY = 24 * 3_600_000;
const MASTER = "zone-a";

interface Given {
  readonly bench: Bench;
  /** Operations that were called, in any zone. */
  readonly calls: string[];
  readonly learned: string[];
  login(change?: { readonly life?: number; readonly password?: string }): TokenLogin;
  zone(index: number, account: TokenLogin): OpenZone;
}

async function inFederation(tell: (given: Given) => Promise<void>, wish: BenchWish = {}): Promise<void> {
  const calls: string[] = [];
  const learned: string[] = [];
  const bench = await Bench.start({
    ...{ zones: 2, federated: true },
    ...wish,
    record: ({ operation }) => void calls.push(operation),
  });
  const closing: (() => void)[] = [];
  const addressOf = (index: number) => bench.running.addresses.zones[index] ?? assert.fail(`zone ${index}`);
  try {
    await tell({
      ...{ bench, calls, learned },
      login: ({ life = DAY, password = PASSWORD } = {}) => {
        const url = new URL(addressOf(0).xmlrpc);
        const login = new TokenLogin({
          ...{ where: "pool", url: () => url, user: "florist", password: new Secret(password), life },
          ...{ deadline: 20_000, retries: { first: 1, longest: 1 }, log: QUIET },
          learn: (secret) => void learned.push(secret.reveal()),
          onCall: () => undefined,
        });
        closing.push(() => login.close());
        return login;
      },
      zone: (index, account) => {
        const { name, xmlrpc, oneflow } = addressOf(index);
        const url = new URL(xmlrpc);
        const zone = openZone({
          ...{ name, url: () => url, account },
          ...(oneflow === null ? {} : { oneflow }),
          deadlines: { xmlrpc: 20_000, oneflow: 20_000 },
          inFlight: { xmlrpc: 4, oneflow: 2 },
        });
        closing.push(() => zone.close());
        return zone;
      },
    });
  } finally {
    for (const close of closing) close();
    await bench.stop();
  }
}

const timesCalled = (calls: readonly string[], operation: string): number =>
  calls.filter((call) => call === operation).length;

const tokensOf = async (bench: Bench): Promise<number> =>
  ((await bench.text("one.user.info", -1)).match(/<LOGIN_TOKEN>/g) ?? []).length;

const endTokens = ({ bench }: Given) => bench.control.command(MASTER, { do: "end-tokens", user: "florist" });

const TEMPLATE = {
  name: "of the test",
  roles: [{ name: "superlink", type: "vm", cardinality: 1, min_vms: 1, template_id: 0 }],
};

suite("A login token", () => {
  test("is made once for all zones of the federation, and is shown to oned and OneFlow in the password's place", () =>
    inFederation(async ({ bench, calls, learned, login, zone }) => {
      const account = login();
      const zones = [zone(0, account), zone(1, account)];
      const surveys = await Promise.all(zones.map((one) => one.survey({ template: 0, network: 0 })));
      assert.deepEqual(
        surveys.map((survey) => survey.account.name),
        ["florist", "florist"],
      );
      assert.equal(timesCalled(calls, "one.user.login"), 1);
      assert.equal(await tokensOf(bench), 1);
      const token = (await account.current()).reveal();
      assert.match(token, /^[0-9a-f]{64}$/);
      assert.ok(learned.includes(token), "whoever writes logs hears of it");
      assert.equal(account.redactor.clean(`florist:${token} ${PASSWORD}`).includes(token), false);
    }));

  test("is used again by a bot that starts, however often: none are left behind", () =>
    inFederation(async ({ bench, calls, login, zone }) => {
      for (let start = 0; start < 30; start += 1) await zone(1, login()).account();
      assert.equal(timesCalled(calls, "one.user.login"), 1);
      assert.equal(await tokensOf(bench), 1);
    }));

  test("is renewed before its end, while the old one goes on", () =>
    inFederation(async ({ bench, calls, login, zone }) => {
      const early = login({ life: DAY });
      const first = (await early.current()).reveal();
      // To one that makes tokens for longer, less than half of the time is left.
      const later = login({ life: 3 * DAY });
      const second = (await later.current()).reveal();
      assert.notEqual(first, second);
      assert.equal(timesCalled(calls, "one.user.login"), 2);
      assert.equal(await tokensOf(bench), 2);
      for (const account of [early, later]) assert.equal((await zone(1, account).account()).name, "florist");
    }));

  test("that has ended is replaced, and the call that it was refused for is carried out, once", () =>
    inFederation(async (given) => {
      const { bench, calls, login, zone } = given;
      const away = zone(1, login());
      await away.account();
      const vm = await madeVm(given);
      await endTokens(given);
      await away.publish(vm, { FL_SAID: "once" });
      assert.match(await bench.text("one.user.info", -1), /<LOGIN_TOKEN>/);
      await endTokens(given);
      const id = await away.registerServiceTemplate(TEMPLATE);
      assert.deepEqual(
        (await away.serviceTemplates("of the test")).map((template) => template.id),
        [id],
        "made once, by OneFlow, which had refused the old token",
      );
      assert.equal(timesCalled(calls, "one.user.login"), 3);
      assert.equal(await tokensOf(bench), 1, "what has ended is dropped by OpenNebula when another is made");
    }));

  test("that ends while many calls are under way is replaced once for all of them", () =>
    inFederation(async (given) => {
      const { calls, login, zone } = given;
      const [one, other] = [login(), login()].map((account) => zone(1, account));
      assert.ok(one !== undefined && other !== undefined);
      await Promise.all([one.account(), other.account()]);
      await endTokens(given);
      const before = timesCalled(calls, "one.user.login");
      await Promise.all(Array.from({ length: 12 }, () => one.snapshot()));
      assert.equal(timesCalled(calls, "one.user.login"), before + 1);
    }));

  test("goes on while the master is down; once it has ended there, its zones count as unreachable and nothing is sent", () =>
    inFederation(async (given) => {
      const { bench, calls, login, zone } = given;
      const account = login();
      const away = zone(1, account);
      await away.account();
      await bench.control.command(MASTER, { do: "down" });
      assert.equal((await away.account()).name, "florist");
      await bench.control.command("zone-b", { do: "end-tokens", user: "florist" });
      const refused = await errorOf(away.registerServiceTemplate(TEMPLATE));
      assert.deepEqual([refused.code, refused.ambiguous], ["unreachable", false]);
      assert.match(refused.message, /No login token could be had for the bot's account florist/);
      await bench.control.command(MASTER, { do: "up" });
      calls.length = 0;
      assert.deepEqual(await away.serviceTemplates("of the test"), [], "nothing came of what was refused");
    }));

  test("is none at all where the password is wrong, and that is said as such", () =>
    inFederation(async ({ login, zone }) => {
      const refused = await errorOf(zone(1, login({ password: "not-the-password" })).account());
      assert.equal(refused.code, "authentication");
      assert.doesNotMatch(refused.message, /not-the-password/);
    }));

  test("is another's where OpenNebula keeps no more than ten, and nobody is pressed to make room", () =>
    inFederation(async ({ bench, calls, login, zone }) => {
      for (let count = 0; count < 10; count += 1) await bench.text("one.user.login", "florist", "", 600, -1);
      const account = login();
      for (let look = 0; look < 5; look += 1) await zone(1, account).account();
      assert.equal(await tokensOf(bench), 10);
      assert.ok(timesCalled(calls, "one.user.login") >= 11, "it was tried");
    }));

  test("that a zone of another federation refuses is not made anew for that, and the reason is said", () =>
    inFederation(
      async ({ calls, login, zone }) => {
        const account = login();
        await zone(0, account).account();
        const refused = await errorOf(zone(1, account).account());
        assert.equal(refused.code, "unreachable");
        assert.match(refused.message, /refuses a login token .* that zone pool takes/);
        assert.equal(timesCalled(calls, "one.user.login"), 1);
      },
      { federated: false },
    ));

  test("is taken back by whoever has only had a look, and only their own", () =>
    inFederation(async ({ bench, login }) => {
      const [mine, bots] = [login({ life: 5 * 60_000 }), login({ life: DAY })];
      await bots.current();
      await mine.current();
      assert.equal(await tokensOf(bench), 2);
      await mine.revoke();
      await mine.revoke();
      assert.equal(await tokensOf(bench), 1);
    }));
});

/** A VM of the bot's in the second zone. */
async function madeVm({ bench }: Given): Promise<number> {
  const made = await bench.callAt(1, `florist:${PASSWORD}`, "one.template.instantiate", 0, "x", false, "", false);
  return "value" in made ? Number(made.value) : assert.fail(made.message);
}
