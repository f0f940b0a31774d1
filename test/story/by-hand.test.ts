/** The four parts started one by one, as their `--help` says, and what they record of each other. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Block, WebClient } from "@slack/web-api";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { type Program, startProgram } from "../../sandbox/program.ts";
import { playStory } from "../../sandbox/story/story.ts";
import { passwordVariable, sandboxPassword, sandboxZonesFile } from "../../sandbox/zones-file.ts";
import { packageRoot } from "../../src/package-root.ts";
import { playedWhole } from "./plays.ts";

const SPEED = 20;
const ZONE_NAMES = ["zone-a", "zone-b", "zone-c"];
const addressesFrom = (base: number) =>
  ZONE_NAMES.map((name, nth) => ({
    name,
    xmlrpc: `http://127.0.0.1:${base + 10 * nth}/RPC2`,
    oneflow: `http://127.0.0.1:${base + 10 * nth + 1}`,
  }));

const secrets = {
  SLACK_BOT_TOKEN: `xoxb-${randomBytes(12).toString("hex")}`,
  SLACK_APP_TOKEN: `xapp-${randomBytes(12).toString("hex")}`,
  FLORIST_KEY: randomBytes(32).toString("hex"),
  ...Object.fromEntries(ZONE_NAMES.map((name) => [passwordVariable(name), sandboxPassword(name)])),
};
const guestsToken = randomBytes(16).toString("hex");

let directory: string;
const programs: Program<unknown>[] = [];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "florist-by-hand-"));
});
after(async () => {
  for (const program of programs.reverse()) await program.stop();
  await rm(directory, { recursive: true });
});

describe("The four parts, started one by one", () => {
  it("are the programs that the npm scripts start", async () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(await readFile(join(packageRoot(), "package.json"), "utf8")));
    assert.equal(scripts["start"], "exec node dist/florist.mjs");
    for (const part of ["slack", "zones", "hypervisor"]) {
      assert.match(scripts[`sandbox:${part}`] ?? "", new RegExp(`node dist/sandbox/${part}/main\\.js$`));
    }
  });

  it("have a zones file of their own, which is the sandbox's with the usual durations", async () => {
    const { policy, ...usual } = sandboxZonesFile(addressesFrom(2633), 1);
    assert.ok(policy);
    assert.deepEqual(parse(await shippedZonesFile()), usual);
  });

  it("give the same story", async () => {
    const sandbox = await startByHand();
    await playedWhole((print) => playStory(sandbox, print));
  });
});

const headers = z.record(z.string(), z.unknown());
const exchange = z.strictObject({
  at: z.iso.datetime(),
  edge: z.enum(["slack", ...ZONE_NAMES.map((name) => `zone:${name}`)]),
  direction: z.enum(["to-bot", "from-bot"]),
  method: z.string().min(1),
  /** At the zones also HTTP's method and path: OneFlow's say which object is meant. */
  request: z.strictObject({ headers, body: z.string(), method: z.string().optional(), path: z.string().optional() }),
  response: z.strictObject({ status: z.int().min(200).max(599), headers, body: z.string() }).nullable(),
});
type Exchange = z.infer<typeof exchange>;

describe("What --record writes of a whole story", () => {
  const texts = new Map<string, string>();
  const exchanges: Exchange[] = [];

  before(async () => {
    for (const part of ["slack", "zones"]) texts.set(part, await readFile(record(part), "utf8"));
  });

  it("is one line of the documented form for each exchange, in both directions and at every edge", () => {
    for (const text of texts.values()) {
      for (const line of text.trimEnd().split("\n")) exchanges.push(exchange.parse(JSON.parse(line)));
    }
    const edges = new Set(exchanges.map(({ edge, direction }) => `${edge} ${direction}`));
    const zones = ZONE_NAMES.map((name) => `zone:${name} from-bot`);
    assert.deepEqual([...edges].sort(), ["slack from-bot", "slack to-bot", ...zones]);
  });

  it("holds no credential and no private key, and only its owner can read it", async () => {
    for (const [part, text] of texts) {
      for (const [name, secret] of Object.entries({ ...secrets, guestsToken })) {
        assert.equal(text.includes(secret), false, `${name} in the record of ${part}`);
      }
      assert.doesNotMatch(text, /PRIVATE KEY/);
      assert.equal((await stat(record(part))).mode & 0o077, 0);
    }
  });

  it("has only methods that Slack's own client knows, and answers that say whether it worked", () => {
    const client: object = new WebClient();
    const calls = webApiCalls();
    assert.ok(calls.length > 50);
    for (const { method, response } of calls) {
      assert.equal(typeof memberOf(client, method), "function", method);
      const answer = z.object({ ok: z.literal(true) }).safeParse(JSON.parse(response?.body ?? "null"));
      assert.ok(answer.success, `${method}: ${response?.body}`);
    }
  });

  it("has only messages and modals within Slack's published limits", () => {
    const shown = webApiCalls().flatMap(({ request }) => blocksIn(new URLSearchParams(request.body)));
    assert.ok(shown.length > 50);
    for (const { blocks, max } of shown) {
      assert.ok(blocks.length > 0 && blocks.length <= max, `${blocks.length} blocks`);
      const ids = blocks.flatMap(({ block_id }) => block_id ?? []);
      assert.equal(new Set(ids).size, ids.length, "a block's id stands twice");
      for (const block of blocks) assert.ok(limits.safeParse(block).success, JSON.stringify(block));
    }
  });

  const webApiCalls = (): readonly Exchange[] =>
    exchanges.filter(
      ({ edge, direction, method }) => edge === "slack" && direction === "from-bot" && /\./.test(method),
    );
});

const text = (max: number) => z.object({ type: z.enum(["plain_text", "mrkdwn"]), text: z.string().min(1).max(max) });
/** Of the blocks that are sent most, what docs.slack.dev says about their sizes. */
const limits = z.union([
  z.object({ type: z.literal("header"), text: text(150) }),
  z.object({ type: z.literal("section"), text: text(3000).optional(), fields: z.array(text(2000)).max(10).optional() }),
  z.object({
    type: z.literal("context"),
    elements: z
      .array(z.object({ type: z.string() }))
      .min(1)
      .max(10),
  }),
  z.object({
    type: z.literal("actions"),
    elements: z
      .array(z.object({ action_id: z.string().max(255) }))
      .min(1)
      .max(25),
  }),
  z.object({ type: z.literal("input"), label: text(2000), hint: text(2000).optional() }),
  z.object({ type: z.enum(["divider", "rich_text", "plan", "markdown", "table"]) }),
]);

const blocksOf = z.array(z.custom<Block>((block) => z.object({ type: z.string() }).safeParse(block).success));

function blocksIn(body: URLSearchParams): readonly { blocks: readonly Block[]; max: number }[] {
  const message = body.get("blocks");
  const view = body.get("view");
  return [
    ...(message === null ? [] : [{ blocks: blocksOf.parse(JSON.parse(message)), max: 50 }]),
    ...(view === null ? [] : [{ ...z.object({ blocks: blocksOf }).parse(JSON.parse(view)), max: 100 }]),
  ];
}

const memberOf = (client: object, method: string): unknown =>
  method.split(".").reduce<unknown>((found, name) => Reflect.get(Object(found), name), client);

const record = (part: string): string => join(directory, `${part}.jsonl`);

const shippedZonesFile = (): Promise<string> => readFile(join(packageRoot(), "sandbox/by-hand.zones.yml"), "utf8");

/** Guests, zones, Slack, and the bot with the shipped zones file; only ports and durations differ from it. */
async function startByHand() {
  const speed = ["--speed", String(SPEED)];
  const guests = await run(
    "sandbox/hypervisor/main.js",
    ["--token", guestsToken, ...speed],
    z.object({ url: z.string() }),
  );
  const hypervisor = ["--hypervisor", guests.url, "--hypervisor-token", guestsToken];
  const zones = await run(
    "sandbox/zones/main.js",
    ["--zones", "3", "--port-base", "0", ...hypervisor, "--record", record("zones"), ...speed],
    z.object({
      control: z.string(),
      zones: z.array(z.object({ name: z.string(), xmlrpc: z.string(), oneflow: z.string() })),
    }),
  );
  const { SLACK_BOT_TOKEN, SLACK_APP_TOKEN } = secrets;
  const slack = await run(
    "sandbox/slack/main.js",
    ["--bot-token", SLACK_BOT_TOKEN, "--app-token", SLACK_APP_TOKEN, "--record", record("slack"), ...speed],
    z.object({ url: z.string(), apiUrl: z.string() }),
  );
  const zonesFile = join(directory, "zones.yml");
  const usual = zones.zones.reduce(
    (written, { xmlrpc, oneflow }, nth) =>
      written
        .replace(addressesFrom(2633)[nth]?.xmlrpc ?? "", xmlrpc)
        .replace(new RegExp(`${addressesFrom(2633)[nth]?.oneflow}$`, "m"), oneflow),
    await shippedZonesFile(),
  );
  const { policy } = sandboxZonesFile(zones.zones, SPEED);
  await writeFile(zonesFile, `${usual}${stringify({ policy })}`);
  await run("florist.mjs", [], z.object({ url: z.null() }), {
    ...secrets,
    SLACK_API_URL: slack.apiUrl,
    FLORIST_ZONES_FILE: zonesFile,
    FLORIST_DATA_DIRECTORY: join(directory, "data"),
  });
  return {
    slackControl: slack.url,
    zonesControl: zones.control,
    guests: { url: guests.url, token: guestsToken },
    zoneNames: ZONE_NAMES,
    real: false,
  };
}

async function run<T>(
  entry: string,
  args: readonly string[],
  ready: z.ZodType<T>,
  environment: NodeJS.ProcessEnv = {},
): Promise<T> {
  const log = await open(join(directory, "log"), "a");
  const program = await startProgram({ entry, args, environment, log: log.fd, ready });
  await log.close();
  programs.push(program);
  return program.ready;
}
