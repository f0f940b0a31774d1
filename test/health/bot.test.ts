/** What whoever keeps the bot running is told of it, while things outside and below it break. */
import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { createServer } from "node:http";
import { suite, type TestContext, test } from "node:test";
import { startBot } from "../../src/bot.ts";
import { loadConfiguration } from "../../src/config/load-configuration.ts";
import { HealthPlaceError, openHealth } from "../../src/health/server.ts";
import { createLog } from "../../src/log.ts";
import { type Clinic, openClinic } from "../doctor/clinic.ts";
import { until } from "../waiting.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

/** The bot that ships, in this process, before stand-ins of its own. */
async function openBot(context: TestContext, prepare: (clinic: Clinic) => Promise<void> = async () => {}) {
  const clinic = await openClinic(undefined);
  const ends: (() => Promise<void>)[] = [clinic.close];
  context.after(async () => {
    for (const end of ends) await end();
  });
  await prepare(clinic);
  const policy = { ...clinic.file.policy, polling: { fastest: "50 ms", slowest: "200 ms" } };
  clinic.files["zones.yml"] = { text: JSON.stringify({ ...clinic.file, policy }), openToOthers: false };
  const loaded = await loadConfiguration({
    environment: { ...clinic.environment, FLORIST_HEALTH_PORT: "0" },
    readFile: clinic.readFile(),
  });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const bot = await startBot(loaded.configuration, createLog("silent"));
  ends.unshift(() => bot.stop());
  const ask = async (path: string) => {
    const response = await fetch(`${bot.health}${path}`);
    return { status: response.status, text: await response.text() };
  };
  const comesTo = (path: string, status: number, words: RegExp) =>
    until(
      `${path} ${status}`,
      () => ask(path),
      (seen) => seen.status === status && words.test(seen.text),
    );
  /** Value of a series, such as `florist_zone_up{zone="zone-a"}`. */
  const figure = async (series: string): Promise<number | undefined> => {
    const line = (await ask("/metrics")).text.split("\n").find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  return { clinic, ask, comesTo, figure };
}

suite("The bot's health", () => {
  test("is told as it is: ready, zones in figures, and no longer well when its store is gone", async (context) => {
    const { clinic, ask, comesTo, figure } = await openBot(context);
    await comesTo("/readyz", 200, /^ok\n$/);
    assert.deepEqual(await ask("/healthz"), { status: 200, text: "ok\n" });
    assert.equal(await figure("florist_slack_connected"), 1);
    assert.equal(await figure('florist_federations{stage="asked"}'), 0);
    await until(
      "both zones up",
      async () => await figure('florist_zone_up{zone="zone-b"}'),
      (up) => up === 1,
    );
    assert.ok(((await figure('florist_zone_look_age_seconds{zone="zone-a"}')) ?? Number.NaN) < 300);
    assert.ok(((await figure('florist_zone_calls_total{zone="zone-a",daemon="oned",outcome="answered"}')) ?? 0) > 0);
    assert.ok(((await figure('florist_zone_call_seconds_count{zone="zone-a",daemon="oned"}')) ?? 0) > 0);

    await clinic.zones.command("zone-a", { do: "down" });
    await until(
      "zone-a away",
      async () => await figure('florist_zone_up{zone="zone-a"}'),
      (up) => up === 0,
    );
    const failed = 'florist_zone_calls_total{zone="zone-a",daemon="oned",outcome="unreachable"}';
    assert.ok(((await figure(failed)) ?? 0) > 0);
    assert.equal((await ask("/readyz")).status, 200, "people are told of a zone that is away: the bot serves them");

    await rename(clinic.dataDirectory, `${clinic.dataDirectory}-away`);
    try {
      assert.match((await ask("/healthz")).text, /^The data directory .* cannot be used any more/);
      assert.equal((await ask("/healthz")).status, 503);
      assert.equal((await ask("/readyz")).status, 503);
    } finally {
      await rename(`${clinic.dataDirectory}-away`, clinic.dataDirectory);
    }
    assert.equal((await ask("/healthz")).status, 200);
  });

  test("is not ready while Slack does not reach it, and well all the same", async (context) => {
    const { ask, comesTo, figure } = await openBot(context, (clinic) => clinic.slack.settings({ revoked: ["app"] }));
    await comesTo("/readyz", 503, /^Slack does not reach the bot\.\n$/);
    assert.equal((await ask("/healthz")).status, 200);
    assert.equal(await figure("florist_slack_connected"), 0);
  });

  test("has labels that nobody outside can multiply", async (context) => {
    const { ask, comesTo } = await openBot(context);
    await comesTo("/readyz", 200, /ok/);
    const labels = [...(await ask("/metrics")).text.matchAll(/[{,](\w+)="([^"]*)"/g)];
    assert.ok(labels.length > 10);
    const known = new Set(["zone", "daemon", "outcome", "method", "stage", "code", "le"]);
    assert.deepEqual(
      [...new Set(labels.map(([, name = ""]) => name))].filter((name) => !known.has(name)),
      [],
    );
  });
});

suite("The place of health", () => {
  test("says that the bot starts until its parts are there", async () => {
    const health = await openHealth(LOOPBACK);
    try {
      const answers = ["/readyz", "/healthz", "/metrics", "/"].map(async (path) => {
        const { status } = await fetch(`http://127.0.0.1:${health.port}${path}`);
        return status;
      });
      assert.deepEqual(await Promise.all(answers), [503, 200, 200, 404]);
      const posted = await fetch(`http://127.0.0.1:${health.port}/healthz`, { method: "POST" });
      assert.equal(posted.status, 405);
    } finally {
      await health.stop();
    }
  });

  test("that is taken ends the start with what to do", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    try {
      await new Promise((resolve) => other.once("listening", resolve));
      const address = other.address();
      assert.ok(address !== null && typeof address === "object");
      await assert.rejects(openHealth({ host: "127.0.0.1", port: address.port }), (error) => {
        assert.ok(error instanceof HealthPlaceError);
        assert.match(error.message, /EADDRINUSE.*FLORIST_HEALTH_PORT/);
        return true;
      });
    } finally {
      other.close();
    }
  });
});
