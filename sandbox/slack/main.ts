import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startSlack } from "./server.ts";
import { DEFAULT_EVENTS, DEFAULT_SCOPES } from "./world/default-app.ts";
import { defaultSeed } from "./world/default-seed.ts";
import { type WorldSeed, worldSeed } from "./world/seed.ts";

const HELP = `Slack's servers, as far as a Bolt app can tell: two workspaces with shared channels, on this machine.

  npm run sandbox:slack -- [options]

  --port N             port of the Web API, the uploads and the control API (default 0: any free port)
  --host ADDRESS       address to listen on (default 127.0.0.1)
  --events-url URL     request URL of the app, such as http://127.0.0.1:3000/slack/events; can also be told later.
                       An app without one is reached in Socket Mode, over connections that it opens
  --bot-token TOKEN    the app's bot token (default: SLACK_BOT_TOKEN, else xoxb-sandbox)
  --app-token TOKEN    the app's app-level token (default: SLACK_APP_TOKEN, else xapp-sandbox)
  --signing-secret S   what deliveries are signed with (default: SLACK_SIGNING_SECRET, else sandbox-signing-secret)
  --scopes LIST        the bot token's scopes, with commas between
  --events LIST        event types the app is subscribed to, with commas between
  --zones N            the built-in world for N zones (default 3; 1 to 26)
  --command WORD       the app's slash command in the built-in world (default /flower)
  --seed FILE          a world of your own instead, as JSON
  --refuse-block TYPE  answer invalid_blocks to this block type, such as plan; can be repeated
  --rate-limits        hold the app to Slack's rates and answer 429
  --speed N            divide Slack's own waiting times by N (default 1); the app's three seconds stay
  --record FILE        append every exchange with the app to this file, one JSON line each
  --help               this text

Once it serves it prints one line: ready {"url","apiUrl","controlUrl","port"}. It ends on SIGTERM and SIGINT.
sandbox/slack/README.md describes the world and the control API.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      host: { type: "string", default: "127.0.0.1" },
      "events-url": { type: "string" },
      "bot-token": { type: "string", default: process.env["SLACK_BOT_TOKEN"] ?? "xoxb-sandbox" },
      "app-token": { type: "string", default: process.env["SLACK_APP_TOKEN"] ?? "xapp-sandbox" },
      "signing-secret": { type: "string", default: process.env["SLACK_SIGNING_SECRET"] ?? "sandbox-signing-secret" },
      scopes: { type: "string", default: DEFAULT_SCOPES.join(",") },
      events: { type: "string", default: DEFAULT_EVENTS.join(",") },
      zones: { type: "string", default: "3" },
      command: { type: "string", default: "/flower" },
      seed: { type: "string" },
      "refuse-block": { type: "string", multiple: true, default: [] },
      "rate-limits": { type: "boolean", default: false },
      speed: { type: "string", default: "1" },
      record: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const running = await startSlack(
    {
      seed: seedFrom(values.seed, wholeNumber("zones", values.zones, 1, 26), values.command),
      botToken: values["bot-token"],
      appToken: values["app-token"],
      signingSecret: values["signing-secret"],
      eventsUrl: values["events-url"],
      scopes: words(values.scopes),
      events: words(values.events),
      refusedBlocks: values["refuse-block"],
      rateLimits: values["rate-limits"],
      speed: positive("speed", values.speed),
      recordFile: values.record,
    },
    { host: values.host, port: wholeNumber("port", values.port, 0, 65_535) },
  );
  const { url, port } = running;
  process.stdout.write(
    `ready ${JSON.stringify({ url, apiUrl: `${url}/api/`, controlUrl: `${url}/control/`, port })}\n`,
  );
  const end = () => void running.close();
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
}

function seedFrom(file: string | undefined, zones: number, command: string): WorldSeed {
  if (file === undefined) return worldSeed.parse(defaultSeed(zones, command));
  const parsed = worldSeed.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    ({ path, message }) => `  ${path.map(String).join(".") || "seed"}: ${message}`,
  );
  throw new Error(`the seed ${file} is not a world:\n${faults.join("\n")}`);
}

function words(list: string): string[] {
  return list
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

function wholeNumber(option: string, given: string, min: number, max: number): number {
  const value = Number(given);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${option} takes a whole number from ${min} to ${max}, not "${given}"`);
}

function positive(option: string, given: string): number {
  const value = Number(given);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${option} takes a number above 0, not "${given}"`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
