/**
 * Slack, the zones and the guests in one program, as the sandbox starts them: one start costs less than three. Secrets
 * come in the environment. Prints one line `ready {…}` once all of them serve, and ends on SIGTERM and SIGINT.
 */
import { parseArgs } from "node:util";
import { startStandIns } from "./composed-stand-ins.ts";

const { values } = parseArgs({
  options: {
    zones: { type: "string", default: "3" },
    channels: { type: "string" },
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

try {
  const { stop, ...addresses } = await startStandIns({
    zones: Number(values.zones),
    channels: Number(values.channels ?? values.zones),
    portBase: Number(values["port-base"]),
    speed: Number(values.speed),
    seed: values.seed,
    pace: values.pace,
    withoutOneFlow: values["without-oneflow"],
    federated: values.federated,
    real: values.real,
    record: values.record,
    slack: { botToken: SLACK_BOT_TOKEN, appToken: SLACK_APP_TOKEN, signingSecret: SLACK_SIGNING_SECRET },
    guestsToken: process.env["FLORIST_GUESTS_TOKEN"],
  });
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => void stop());
  process.stdout.write(`ready ${JSON.stringify(addresses)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
