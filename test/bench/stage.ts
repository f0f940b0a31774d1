/** The stand-ins around the bot, and the environment in which the shipped program finds them. */
import { randomBytes } from "node:crypto";
import { type FileHandle, open as openFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { type Program, startProgram } from "../../sandbox/program.ts";
import { passwordVariable, sandboxPassword, sandboxZonesFile } from "../../sandbox/zones-file.ts";

/** Neighbours belong to different organisations. */
const ZONES = 4;
/** Time runs so much faster for zones and guests: federations are to be there soon. */
const SPEED = "20";

const urlReady = z.object({ url: z.string() });
const slackReady = z.object({ url: z.string(), apiUrl: z.string() });
const zonesReady = z.object({
  zones: z.array(z.object({ name: z.string(), xmlrpc: z.string(), oneflow: z.string() })),
});

/** `growing`: federations are to be up and told of in Slack soon. `usual`: as in the zones file that ships. */
export type Tempo = "growing" | "usual";

export interface Stage {
  readonly signingSecret: string;
  /** What the bot needs to be told, with this data directory. */
  environment(dataDirectory: string, tempo: Tempo): NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** `directory`: for zones files and what the stand-ins log. */
export async function openStage(directory: string): Promise<Stage> {
  const started: Program<unknown>[] = [];
  const log = await openFile(join(directory, "stand-ins.log"), "a");
  const stop = async (): Promise<void> => {
    for (const program of started.toReversed()) await program.stop();
    await log.close();
  };
  try {
    return { ...(await open(directory, log, started)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function open(
  directory: string,
  { fd: log }: FileHandle,
  started: Program<unknown>[],
): Promise<Omit<Stage, "stop">> {
  const [token, signingSecret] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
  const botToken = `xoxb-bench-${randomBytes(8).toString("hex")}`;
  const guests = await startProgram({
    entry: "sandbox/hypervisor/main.js",
    args: ["--speed", SPEED, "--seed", "bench"],
    environment: { FLORIST_GUESTS_TOKEN: token },
    log,
    ready: urlReady,
  });
  started.push(guests);
  const zones = await startProgram({
    entry: "sandbox/zones/main.js",
    args: [
      ...["--zones", String(ZONES), "--port-base", "0", "--speed", SPEED],
      ...["--hypervisor", guests.ready.url, "--hypervisor-token", token],
    ],
    log,
    ready: zonesReady,
  });
  started.push(zones);
  const slack = await startProgram({
    entry: "sandbox/slack/main.js",
    args: ["--zones", String(ZONES)],
    environment: { SLACK_BOT_TOKEN: botToken, SLACK_SIGNING_SECRET: signingSecret },
    log,
    ready: slackReady,
  });
  started.push(slack);
  const fileOf = (tempo: Tempo): string => join(directory, `${tempo}.yml`);
  for (const tempo of ["growing", "usual"] as const) {
    await writeFile(fileOf(tempo), stringify(zonesFile(zones.ready.zones, tempo)), { mode: 0o600 });
  }
  const known = {
    SLACK_BOT_TOKEN: botToken,
    FLORIST_TRANSPORT: "http",
    SLACK_SIGNING_SECRET: signingSecret,
    SLACK_API_URL: slack.ready.apiUrl,
    FLORIST_KEY: randomBytes(32).toString("hex"),
    FLORIST_PORT: "0",
    FLORIST_LOG_LEVEL: "error",
    ...Object.fromEntries(zones.ready.zones.map(({ name }) => [passwordVariable(name), sandboxPassword(name)])),
  };
  return {
    signingSecret,
    environment: (dataDirectory, tempo) => ({
      ...known,
      FLORIST_DATA_DIRECTORY: dataDirectory,
      FLORIST_ZONES_FILE: fileOf(tempo),
    }),
  };
}

type Addresses = Parameters<typeof sandboxZonesFile>[0];

/** Every zone has room for many coordinators in its private network only. */
function zonesFile(addresses: Addresses, tempo: Tempo): object {
  const { zones, policy, ...rest } = sandboxZonesFile(addresses, tempo === "usual" ? 1 : Number(SPEED));
  const inPrivate = Object.entries(zones).map(([name, entry]) => [name, { ...entry, network: "private" }]);
  const { polling: _polling, retries: _retries, slack: _slack, ...durations } = policy;
  // What takes its time on a busy machine is not to fail.
  const patient = { ...durations, boot: "15 min", serve: "15 min", silence: "15 min" };
  const hurried = {
    polling: { fastest: "500 ms", slowest: "2 s" },
    retries: { first: "200 ms", longest: "2 s" },
    slack: { perChannel: "5 ms", coalescing: "200 ms" },
  };
  return {
    ...rest,
    zones: Object.fromEntries(inPrivate),
    policy: tempo === "usual" ? patient : { ...patient, ...hurried },
  };
}
