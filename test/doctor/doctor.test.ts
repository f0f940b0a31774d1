import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { passwordVariable } from "../../sandbox/zones-file.ts";
import { EXIT_CODE, textOf } from "../../src/doctor/report.ts";
import { APP_TOKEN, BOT_TOKEN, STORE_KEY, visit } from "./clinic.ts";
import { MISCONFIGURATIONS } from "./misconfigurations.ts";

const MAIN = join(import.meta.dirname, "../../doctor.mjs");

/** All that the doctor may ask: each of these changes nothing. */
const READING =
  /^(auth\.test|apps\.connections\.open|conversations\.(info|members)|users\.info|one\.[a-z]+\.(info|version|config)|oneflow\.service\.(show|info))$/;

describe("The doctor", () => {
  test("has nothing but ticks for a right set-up, and changes nothing anywhere", async () => {
    const { report, calls, data } = await visit();
    assert.deepEqual(
      report.checks.filter(({ verdict }) => verdict !== "ok"),
      [],
    );
    assert.deepEqual([report.outcome, EXIT_CODE[report.outcome], report.effects], ["right", 0, "none"]);
    assert.ok(report.checks.every(({ remedy }) => remedy === null));
    assert.match(textOf(report), /^(✓ .+\.\n)+\nAll \d+ checks are right\. Nothing was changed anywhere\.$/);
    assert.ok(calls.length > 20);
    assert.deepEqual(
      calls.filter((call) => !READING.test(call)),
      [],
    );
    assert.deepEqual(data.after, data.before);
  });

  test("tries at least 25 mistakes", () => {
    assert.ok(MISCONFIGURATIONS.length >= 25, String(MISCONFIGURATIONS.length));
  });

  for (const { name, code, verdict = "fault", says, ...plant } of MISCONFIGURATIONS) {
    test(`says in one sentence that ${name}`, async () => {
      const { report, calls } = await visit(plant);
      const told = report.checks.filter((check) => check.verdict === "warning" || check.verdict === "fault");
      assert.deepEqual(
        told.map((check) => [check.code, check.verdict]),
        [[code, verdict]],
        JSON.stringify(told),
      );
      const [only] = told;
      assert.match(only?.sentence ?? "", says);
      assert.match(only?.sentence ?? "", /^\S.*\.$/);
      assert.match(only?.remedy ?? "", /^[A-Z].*[.?]$/, "a remedy");
      assert.equal(
        report.outcome,
        verdict === "warning" ? "right" : code === "configuration" ? "configuration" : "faults",
      );
      assert.deepEqual(
        calls.filter((call) => !READING.test(call)),
        [],
      );
      const printed = `${textOf(report)}${JSON.stringify(report)}`;
      for (const secret of [BOT_TOKEN, APP_TOKEN, STORE_KEY, "florist-of-zone"]) assert.ok(!printed.includes(secret));
    });
  }

  test("tells two mistakes by two sentences, and what it could not look at by why", async () => {
    const { report } = await visit({
      running: async ({ slack, environment }) => {
        await slack.settings({ revoked: ["bot"] });
        environment[passwordVariable("zone-b")] = "wrong";
      },
    });
    assert.deepEqual(
      report.checks.filter(({ verdict }) => verdict !== "ok").map(({ code, verdict }) => [code, verdict]),
      [
        ["slack-bot-token", "fault"],
        ["channel", "not-looked-at"],
        ["zone-account", "fault"],
        ["zone-offers", "not-looked-at"],
      ],
    );
    assert.match(
      textOf(report),
      /– Channels and people were not looked at, because Slack does not take the bot token\./,
    );
  });
});

describe("npm run doctor", () => {
  const doctor = (...args: readonly string[]) =>
    spawnSync(process.execPath, [MAIN, ...args], { env: { PATH: process.env["PATH"] }, encoding: "utf8" });

  test("lists the mistakes of a configuration that is wrong, and ends with 2", () => {
    const { status, stdout, stderr } = doctor();
    assert.deepEqual([status, stderr], [2, ""]);
    assert.match(stdout, /✗ environment: SLACK_BOT_TOKEN is not set\.\n {2}Give the bot token/);
    assert.match(stdout, /– Slack, the zones and the data directory were not looked at/);
  });

  test("prints one object with --json", () => {
    const { status, stdout } = doctor("--json");
    const report = JSON.parse(stdout);
    assert.equal(status, 2);
    assert.deepEqual(Object.keys(report), ["schema", "outcome", "effects", "counts", "checks"]);
    assert.deepEqual(Object.keys(report.checks[0]), ["code", "subject", "verdict", "sentence", "remedy"]);
  });

  test("explains itself with --help, and ends with 2 for an option that there is not", () => {
    assert.match(doctor("--help").stdout, /--json/);
    assert.equal(doctor("--jason").status, 2);
  });
});
