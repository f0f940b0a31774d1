/**
 * Slack, the zones and the guests in one program, as the sandbox starts them: one start costs less than three. Secrets
 * come in the environment. Prints one line `ready {…}` once all of them serve, and ends on SIGTERM and SIGINT.
 */
import { parseArgs } from "node:util";
import { startGuests } from "./hypervisor/guests.ts";
import { startSlack } from "./slack/server.ts";
import { DEFAULT_EVENTS, DEFAULT_SCOPES } from "./slack/world/default-app.ts";
import { defaultSeed } from "./slack/world/default-seed.ts";
import { paceNamed } from "./zones/pace.ts";
import { fileRecorder, noRecord } from "./zones/record.ts";
import { startZones } from "./zones/zones.ts";

const COMMAND = "/flower";

const { values } = parseArgs({
  options: {
    zones: { type: "string", default: "3" },
    "port-base": { type: "string", default: "0" },
    speed: { type: "string", default: "1" },
    seed: { type: "string", default: "florist" },
    pace: { type: "string", default: "even" },
    "without-oneflow": { type: "string", multiple: true, default: [] },
    federated: { type: "boolean", default: false },
    real: { type: "boolean", default: false },
    record: { type: "string" },
  },
});
const { SLACK_BOT_TOKEN = "", SLACK_APP_TOKEN = "", SLACK_SIGNING_SECRET = "" } = process.env;
const { FLORIST_GUESTS_TOKEN: token } = process.env;
const { seed, real, record } = values;
const zoneCount = Number(values.zones);
const speed = Number(values.speed);

/** What ends each part that serves, the last one first. */
const ends: (() => Promise<void>)[] = [];

async function end(): Promise<void> {
  for (const part of ends.splice(0)) await part();
}

async function serve(): Promise<void> {
  const guests = await startGuests({ real, speed, seed, token, port: 0, log: "warn" });
  ends.unshift(guests.close);
  const zones = await startZones({
    zones: zoneCount,
    portBase: Number(values["port-base"]),
    controlPort: 0,
    seed: { zones: [] },
    hypervisor: { url: guests.url, token },
    speed,
    pace: paceNamed(values.pace),
    withoutOneFlow: values["without-oneflow"],
    federated: values.federated,
    record: record === undefined ? noRecord : fileRecorder(record),
  });
  ends.unshift(zones.stop);
  const slack = await startSlack({
    seed: defaultSeed(zoneCount, COMMAND),
    botToken: SLACK_BOT_TOKEN,
    appToken: SLACK_APP_TOKEN,
    signingSecret: SLACK_SIGNING_SECRET,
    scopes: DEFAULT_SCOPES,
    events: DEFAULT_EVENTS,
    refusedBlocks: [],
    rateLimits: true,
    speed,
    recordFile: record,
  });
  ends.unshift(slack.close);
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => void end());
  process.stdout.write(`ready ${JSON.stringify({ slack: slack.url, guests: guests.url, ...zones.addresses })}\n`);
}

try {
  await serve();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  await end();
}
