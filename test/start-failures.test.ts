/** What the operator of the real program reads when it cannot start, and that it ends then and leaves nothing behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { stringify } from "yaml";
import { passwordVariable, sandboxPassword, sandboxZonesFile } from "../sandbox/zones-file.ts";
import { APP_TOKEN, BOT_TOKEN, openWorkspace, SIGNING_SECRET } from "./sandbox/slack/workspace.ts";
import { until } from "./waiting.ts";

/** Nobody listens there. */
const ZONE = { name: "zone-a", xmlrpc: "http://127.0.0.1:9/RPC2", oneflow: "http://127.0.0.1:9" };
const MAIN = join(import.meta.dirname, "../florist.mjs");

interface Line {
  readonly level: string;
  readonly msg: string;
}

/** The program with that environment, which may be changed before it starts anew on the same data. */
async function operator(context: TestContext) {
  const workspace = await openWorkspace(context);
  const directory = await mkdtemp(join(tmpdir(), "florist-start-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const zonesFile = join(directory, "zones.yml");
  await writeFile(zonesFile, stringify(sandboxZonesFile([ZONE], 10)));
  const usual = {
    SLACK_API_URL: `${workspace.url}/api/`,
    SLACK_BOT_TOKEN: BOT_TOKEN,
    SLACK_APP_TOKEN: APP_TOKEN,
    FLORIST_KEY: randomBytes(32).toString("hex"),
    FLORIST_PORT: "0",
    FLORIST_ZONES_FILE: zonesFile,
    FLORIST_DATA_DIRECTORY: join(directory, "data"),
    [passwordVariable(ZONE.name)]: sandboxPassword(ZONE.name),
  };
  return {
    data: usual.FLORIST_DATA_DIRECTORY,
    slack: workspace.url,
    /** How many calls Slack has refused. */
    refusals: async () => (await workspace.control.calls()).filter(({ ok }) => !ok).length,
    starts(changes: Readonly<Record<string, string>>) {
      const child = spawn(process.execPath, [MAIN], {
        env: { PATH: process.env["PATH"], ...usual, ...changes },
        stdio: ["ignore", "pipe", "pipe"],
      });
      context.after(() => child.kill("SIGKILL"));
      const said = { out: "", err: "" };
      child.stdout.on("data", (chunk: Buffer) => {
        said.out += chunk;
      });
      child.stderr.on("data", (chunk: Buffer) => {
        said.err += chunk;
      });
      const ended = once(child, "close").then(([code]: readonly unknown[]) => code);
      const lines = (): readonly Line[] =>
        said.err
          .split("\n")
          .filter((line) => line.endsWith("}"))
          .map((line): Line => JSON.parse(line));
      return { child, said, ended, lines };
    },
  };
}

/** Slack connects to the bot. */
const OVER_HTTP = { FLORIST_TRANSPORT: "http", SLACK_SIGNING_SECRET: SIGNING_SECRET };

/** Words of libraries and of Node.js, which say nothing to whoever runs the bot. */
const RAW = /node:internal|\n\s+at |"stack"|fetch failed|An API error|Error: |ZodError/;

describe("A bot that cannot start", () => {
  test("because its host is none of this machine's says so in one line with what to do, and ends with 1", async (context) => {
    const { starts } = await operator(context);
    const bot = starts({ ...OVER_HTTP, FLORIST_HOST: "192.0.2.1" });
    assert.equal(await bot.ended, 1);
    const [line, ...more] = bot.lines();
    assert.deepEqual([line?.level, more, bot.said.out], ["fatal", [], ""]);
    assert.match(line?.msg ?? "", /no address of this machine.*FLORIST_HOST/);
    assert.doesNotMatch(bot.said.err, RAW);
  });

  test("because its port is taken ends, frees its data, and starts once the port is free", async (context) => {
    const { starts, data } = await operator(context);
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    assert.ok(address !== null && typeof address === "object");
    const port = { ...OVER_HTTP, FLORIST_PORT: String(address.port) };
    const first = starts(port);
    assert.equal(await first.ended, 1);
    const [line, ...more] = first.lines();
    assert.match(line?.msg ?? "", new RegExp(`Port ${address.port} of 127.0.0.1 is taken.*FLORIST_PORT`));
    assert.deepEqual(more, []);
    assert.doesNotMatch(first.said.err, RAW);
    // Closed, not only dead: what the next start would have to clear away is gone.
    assert.deepEqual(
      (await readdir(data)).filter((name) => name.includes("lock")),
      [],
    );
    other.close();
    await once(other, "close");
    const second = starts(port);
    await until("the second start", () => second.said.out.includes("ready "));
    second.child.kill("SIGTERM");
    assert.equal(await second.ended, 0);
  });

  test("says where an error came up when it is asked to log for debugging, and shows no secret there either", async (context) => {
    const { starts } = await operator(context);
    const bot = starts({ ...OVER_HTTP, FLORIST_LOG_LEVEL: "debug", FLORIST_HOST: "192.0.2.1" });
    assert.equal(await bot.ended, 1);
    assert.match(bot.said.err, /"stack":"Error: listen/);
    for (const secret of [BOT_TOKEN, SIGNING_SECRET, sandboxPassword(ZONE.name)])
      assert.ok(!bot.said.err.includes(secret));
  });
});

/** A Web API that is down for the first so many calls, and whoever asks again notices. */
async function troubledSlack(context: TestContext, behind: string, failures: number) {
  let calls = 0;
  const server = createHttpServer((request, response) => {
    calls += 1;
    if (calls <= failures) {
      request.socket.destroy();
      return;
    }
    const { authorization = "" } = request.headers;
    void fetch(`${behind}${request.url}`, { method: "POST", headers: { authorization } })
      .then((answer) => answer.text())
      .then((text) => response.setHeader("content-type", "application/json").end(text));
  }).listen(0, "127.0.0.1");
  context.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { url: `http://127.0.0.1:${address.port}/api/`, calls: () => calls };
}

describe("A bot whose token Slack does not take", () => {
  for (const [token, changes, sentence] of [
    ["bot", { SLACK_BOT_TOKEN: "xoxb-wrong" }, /bot token \(invalid_auth\).*SLACK_BOT_TOKEN/],
    ["app", { SLACK_APP_TOKEN: "xapp-wrong" }, /app-level token \(invalid_auth\).*connections:write.*SLACK_APP_TOKEN/],
  ] as const) {
    test(`says so once for the ${token} token, with what to do, goes on trying, and ends when it is told to`, async (context) => {
      const { starts, refusals } = await operator(context);
      const bot = starts(changes);
      await until("a third attempt", async () => (await refusals()) >= 3);
      bot.child.kill("SIGTERM");
      assert.equal(await bot.ended, 0);
      const [line, ...more] = bot.lines().filter(({ msg }) => !msg.includes("zone-a"));
      assert.deepEqual([line?.level, more], ["warn", []]);
      assert.match(line?.msg ?? "", sentence);
      assert.doesNotMatch(bot.said.err, RAW);
    });
  }
});

describe("A bot whose Slack and zones are away", () => {
  test("says so once for each, with what to look at, and that they are back", async (context) => {
    const { starts, slack } = await operator(context);
    const troubled = await troubledSlack(context, slack, 3);
    const bot = starts({ SLACK_API_URL: troubled.url });
    await until("the line about the zone", () => bot.said.err.includes("zone-a"));
    assert.ok(troubled.calls() > 3);
    bot.child.kill("SIGTERM");
    assert.equal(await bot.ended, 0);
    const [away, back, zone, ...more] = bot.lines();
    assert.match(away?.msg ?? "", /^Slack does not answer at .*The bot goes on trying/);
    assert.match(back?.msg ?? "", /^Slack answers again/);
    assert.match(zone?.msg ?? "", /^No connection to zone zone-a at .* Check that its daemon runs/);
    assert.deepEqual(more, []);
    assert.doesNotMatch(bot.said.err, RAW);
  });
});
