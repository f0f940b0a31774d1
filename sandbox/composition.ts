/** All four parts together: Slack, zones and guests stand in, the bot is the program that ships. */
import { randomBytes } from "node:crypto";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { type ComposedStandIns, startStandIns } from "./composed-stand-ins.ts";
import { GuestsClient } from "./hypervisor/client.ts";
import { type Program, startProgram } from "./program.ts";
import { slackControl } from "./slack/client.ts";
import { ZonesControl } from "./zones/client.ts";
import {
  passwordVariable,
  SANDBOX_HUB,
  type SandboxZonesFile,
  sandboxPassword,
  sandboxZonesFile,
} from "./zones-file.ts";

/** How traffic crosses between zones: to public addresses, or through WireGuard to a UDP port that zone-a's router forwards. */
export const NETWORKS = ["public", "wireguard"] as const;
/** How Slack reaches the bot. */
export const TRANSPORTS = ["socket", "http"] as const;
type Network = (typeof NETWORKS)[number];

export interface SandboxOptions {
  readonly zones: number;
  readonly speed: number;
  /** The zones' pace, "even" or "lab". */
  readonly pace?: string;
  readonly seed: string;
  /** Every exchange at Slack's and the zones' edges is appended to this file. */
  readonly record?: string;
  readonly portBase: number;
  /** VMs are namespaces in which real Flower runs; durations that a guest needs are then the usual ones. */
  readonly real?: boolean;
  readonly network?: Network;
  /** Whether Slack, zones and guests stand in within this process and not in one of their own. */
  readonly here?: boolean;
  /** Zones that have no OneFlow: VMs are made there that no service holds. */
  readonly withoutOneFlow?: readonly string[];
  /** Channels with two owners each; more than zones where a zone's department has its own. */
  readonly channels?: number;
  /** The zones are an OpenNebula federation: users and login tokens of the first are those of all. */
  readonly federated?: boolean;
  /** The bot's entry point below `src/`, and its arguments; a test passes one of its own. */
  readonly bot?: string;
  readonly botArgs?: readonly string[];
  /** Makes another zones file of the usual one. */
  readonly configure?: (usual: SandboxZonesFile) => object;
  /** How Slack reaches the bot; over connections that the bot opens unless it is said otherwise. */
  readonly transport?: (typeof TRANSPORTS)[number];
  /** What the bot's key store is sealed with; made up unless somebody wants to open the store too. */
  readonly storeKey?: string;
}

export interface Sandbox {
  readonly slackControl: string;
  readonly zonesControl: string;
  readonly guests: { readonly url: string; readonly token: string };
  readonly zoneNames: readonly string[];
  readonly withoutOneFlow: readonly string[];
  readonly real: boolean;
  readonly network: Network;
  /** Holds the zones file, the journal and the bot's log. */
  readonly directory: string;
  readonly bot: Program<unknown>;
  /** Starts the bot again with the same data, or another version of it; the address it is reached at stays. */
  restartBot(entry?: string): Promise<void>;
  /** Runs the stand-ins at another speed, and the bot, which is started again, with durations to match. */
  setSpeed(speed: number): Promise<void>;
  /** Ends all four; `keep` leaves the directory. */
  stop(keep?: boolean): Promise<void>;
}

const standInsReady = z.object({
  slack: z.string(),
  guests: z.string(),
  control: z.string(),
  zones: z.array(z.object({ name: z.string(), xmlrpc: z.string(), oneflow: z.string().nullable() })).readonly(),
});
/** Without an address it opens connections itself. */
const botReady = z.object({ url: z.string().nullable() });

/** A part that runs, in whatever process. */
type Started = Pick<ComposedStandIns, "stop">;

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const directory = await mkdtemp(join(tmpdir(), "florist-sandbox-"));
  const started: Started[] = [];
  const log = await open(join(directory, "bot.log"), "a", 0o600);
  const stop = async (keep = false): Promise<void> => {
    for (const part of started.reverse()) await part.stop();
    await log.close();
    if (!keep) await rm(directory, { recursive: true, force: true });
  };
  try {
    return await start(options, directory, log.fd, started, stop);
  } catch (error) {
    await stop(true);
    throw error;
  }
}

async function start(
  options: SandboxOptions,
  directory: string,
  log: number,
  started: Started[],
  stop: Sandbox["stop"],
): Promise<Sandbox> {
  const secret = (): string => randomBytes(16).toString("hex");
  const secrets = { bot: `xoxb-sandbox-${secret()}`, app: `xapp-sandbox-${secret()}`, signing: secret() };
  const token = randomBytes(16).toString("hex");
  const standIns = await (options.here === true ? standInsHere : standInsApart)(options, secrets, token);
  started.push(standIns);
  const { slack, guests, zones, control } = standIns;
  const network = options.network ?? "public";
  if (network === "wireguard") await new GuestsClient({ url: guests, token }).forward(SANDBOX_HUB.zone, SANDBOX_HUB);

  const zonesFile = join(directory, "zones.yml");
  const writeZonesFile = async (speed: number): Promise<void> => {
    const usual = sandboxZonesFile(zones, speed, options.real);
    await writeFile(zonesFile, stringify(options.configure?.(usual) ?? usual), { mode: 0o600 });
  };
  await writeZonesFile(options.speed);
  const passwords = zones.map(({ name }) => [passwordVariable(name), sandboxPassword(name)]);
  const environment = {
    SLACK_BOT_TOKEN: secrets.bot,
    ...(options.transport === "http"
      ? { FLORIST_TRANSPORT: "http", SLACK_SIGNING_SECRET: secrets.signing }
      : { SLACK_APP_TOKEN: secrets.app }),
    SLACK_API_URL: `${slack}/api/`,
    FLORIST_ZONES_FILE: zonesFile,
    FLORIST_DATA_DIRECTORY: join(directory, "data"),
    FLORIST_KEY: options.storeKey ?? randomBytes(32).toString("hex"),
    FLORIST_PORT: "0",
  };
  let entry = options.bot ?? "florist.mjs";
  const startBot = async (port: string): Promise<Program<z.infer<typeof botReady>>> => {
    const wish = { entry, args: options.botArgs ?? [], log, ready: botReady };
    // A password that the zones file does not name any more is not given either: the bot takes it for a mistake.
    const file = await readFile(zonesFile, "utf8");
    const named = Object.fromEntries(passwords.filter(([variable = ""]) => file.includes(variable)));
    const bot = await startProgram({ ...wish, environment: { ...environment, ...named, FLORIST_PORT: port } });
    started.push(bot);
    return bot;
  };
  let bot = await startBot("0");
  if (bot.ready.url !== null) await slackControl(slack).eventsUrl({ url: bot.ready.url, verify: true });
  const restartBot = async (another = entry): Promise<void> => {
    const port = bot.ready.url === null ? "0" : new URL(bot.ready.url).port;
    entry = another;
    await bot.stop();
    bot = await startBot(port);
  };
  return {
    slackControl: slack,
    zonesControl: control,
    guests: { url: guests, token },
    zoneNames: zones.map(({ name }) => name),
    withoutOneFlow: options.withoutOneFlow ?? [],
    real: options.real ?? false,
    network,
    directory,
    get bot() {
      return bot;
    },
    restartBot,
    async setSpeed(speed) {
      await slackControl(slack).settings({ speed });
      await new ZonesControl(control).setSpeed(speed);
      if (options.real !== true) await new GuestsClient({ url: guests, token }).setSpeed(speed);
      await writeZonesFile(speed);
      await restartBot();
    },
    stop,
  };
}

interface Secrets {
  readonly bot: string;
  readonly app: string;
  readonly signing: string;
}
type StandIns = z.infer<typeof standInsReady> & Started;

const standInsHere = (options: SandboxOptions, { bot, app, signing }: Secrets, token: string): Promise<StandIns> =>
  startStandIns({
    zones: options.zones,
    channels: options.channels ?? options.zones,
    portBase: options.portBase,
    speed: options.speed,
    seed: options.seed,
    pace: options.pace ?? "even",
    withoutOneFlow: options.withoutOneFlow ?? [],
    federated: options.federated ?? false,
    real: options.real ?? false,
    record: options.record,
    slack: { botToken: bot, appToken: app, signingSecret: signing },
    guestsToken: token,
  });

async function standInsApart(options: SandboxOptions, secrets: Secrets, token: string): Promise<StandIns> {
  const { ready, stop } = await startProgram({
    entry: "sandbox/stand-ins.js",
    args: [
      ...["--zones", String(options.zones), "--channels", String(options.channels ?? options.zones)],
      ...["--port-base", String(options.portBase)],
      ...["--speed", String(options.speed), "--seed", options.seed, "--pace", options.pace ?? "even"],
      ...(options.real === true ? ["--real"] : []),
      ...(options.federated === true ? ["--federated"] : []),
      ...(options.withoutOneFlow ?? []).flatMap((zone) => ["--without-oneflow", zone]),
      ...(options.record === undefined ? [] : ["--record", options.record]),
    ],
    environment: {
      SLACK_BOT_TOKEN: secrets.bot,
      SLACK_APP_TOKEN: secrets.app,
      SLACK_SIGNING_SECRET: secrets.signing,
      FLORIST_GUESTS_TOKEN: token,
    },
    ready: standInsReady,
  });
  return { ...ready, stop };
}
