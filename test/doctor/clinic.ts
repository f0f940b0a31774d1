/** A set-up before stand-ins of its own in which all is right, until a test plants a mistake in it. */
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SlackControl, slackControl } from "../../sandbox/slack/client.ts";
import { startSlack } from "../../sandbox/slack/server.ts";
import { DEFAULT_EVENTS, DEFAULT_SCOPES } from "../../sandbox/slack/world/default-app.ts";
import { defaultSeed } from "../../sandbox/slack/world/default-seed.ts";
import type { ChannelSeed, PersonSeed } from "../../sandbox/slack/world/seed.ts";
import { ZonesControl } from "../../sandbox/zones/client.ts";
import { type ZoneSeed, zoneSeeds } from "../../sandbox/zones/seed.ts";
import { startZones } from "../../sandbox/zones/zones.ts";
import { passwordVariable, sandboxPassword, sandboxZonesFile } from "../../sandbox/zones-file.ts";
import type { ReadFile } from "../../src/config/file-reader.ts";
import { examine } from "../../src/doctor/examination.ts";
import type { Report } from "../../src/doctor/report.ts";
import { filesOf } from "../config/sample.ts";
import { makeIdentity } from "../opennebula/certificates.ts";
import { startDaemons } from "../opennebula/daemons.ts";

export const BOT_TOKEN = "xoxb-of-the-clinic";
export const APP_TOKEN = "xapp-of-the-clinic";
export const STORE_KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

type Mutable<T> = T extends (infer Item)[] ? Item[] : T extends object ? { -readonly [K in keyof T]: T[K] } : T;

/** What can be spoilt before anything runs. */
export interface Blueprint {
  scopes: string[];
  readonly people: Mutable<PersonSeed>[];
  readonly channels: Mutable<ChannelSeed>[];
  readonly zones: Partial<ZoneSeed>[];
  /** Whether the zones are an OpenNebula federation, with the users of the first. */
  federated: boolean;
  readonly environment: Record<string, string>;
  readonly files: Record<string, { text: string; openToOthers: boolean }>;
}

/** What can be spoilt once it runs. */
export interface Running {
  readonly slack: SlackControl;
  readonly zones: ZonesControl;
  readonly dataDirectory: string;
  readonly file: ReturnType<typeof sandboxZonesFile>;
  readonly environment: Record<string, string>;
  readonly files: Blueprint["files"];
  /** Starts a server whose certificate no system trusts. */
  readonly withTls: () => Promise<string>;
  /** Milliseconds by which this machine's clock is ahead. */
  ahead: number;
}

export interface Plant {
  readonly before?: (blueprint: Blueprint) => void;
  readonly running?: (running: Running) => void | Promise<void>;
}

export interface Visit {
  readonly report: Report;
  /** Web API methods and operations of zones' daemons that were called. */
  readonly calls: readonly string[];
  /** Files in the data directory, before and after. */
  readonly data: { readonly before: readonly string[]; readonly after: readonly string[] };
}

export interface Clinic extends Running {
  /** Operations of zones' daemons that were called. */
  readonly operations: readonly string[];
  readFile(): ReadFile;
  close(): Promise<void>;
}

/** Stand-ins with a set-up that is right but for what was planted before. */
export async function openClinic(before: Plant["before"]): Promise<Clinic> {
  const seed = defaultSeed(2, "/flower");
  const blueprint: Blueprint = {
    scopes: [...DEFAULT_SCOPES],
    people: seed.people.map((one) => ({ ...one })),
    channels: seed.channels.map((one) => ({ ...one, members: [...one.members], connected: [...one.connected] })),
    zones: zoneSeeds(2, { zones: [] }),
    federated: false,
    environment: {
      SLACK_BOT_TOKEN: BOT_TOKEN,
      SLACK_APP_TOKEN: APP_TOKEN,
      FLORIST_KEY: STORE_KEY,
      FLORIST_ZONES_FILE: "zones.yml",
      [passwordVariable("zone-a")]: sandboxPassword("zone-a"),
      [passwordVariable("zone-b")]: sandboxPassword("zone-b"),
    },
    files: {},
  };
  before?.(blueprint);
  const dataDirectory = await mkdtemp(join(tmpdir(), "florist-doctor-"));
  await chmod(dataDirectory, 0o700);
  const slack = await startSlack({
    seed: { ...seed, people: blueprint.people, channels: blueprint.channels },
    botToken: BOT_TOKEN,
    appToken: APP_TOKEN,
    signingSecret: "signing-secret-of-the-clinic",
    scopes: blueprint.scopes,
    events: DEFAULT_EVENTS,
    refusedBlocks: [],
    rateLimits: false,
    speed: 100,
  });
  const others: (() => Promise<void>)[] = [];
  const operations: string[] = [];
  const zones = await startZones({
    zones: 2,
    portBase: 0,
    controlPort: 0,
    seed: { zones: blueprint.zones },
    federated: blueprint.federated,
    hypervisor: undefined,
    speed: 100,
    record: ({ operation }) => operations.push(operation),
  });
  return {
    slack: slackControl(slack.url),
    zones: new ZonesControl(zones.addresses.control),
    dataDirectory,
    file: sandboxZonesFile(zones.addresses.zones, 1),
    environment: {
      ...blueprint.environment,
      SLACK_API_URL: `${slack.url}/api/`,
      FLORIST_DATA_DIRECTORY: dataDirectory,
    },
    files: blueprint.files,
    withTls: async () => {
      const started = await startDaemons(() => undefined, makeIdentity("127.0.0.1"));
      others.push(started.close);
      return started.url;
    },
    ahead: 0,
    operations,
    readFile(this: Clinic) {
      const text = this.files["zones.yml"]?.text ?? JSON.stringify(this.file);
      return filesOf({ ...this.files, "zones.yml": text });
    },
    async close() {
      await Promise.all([
        slack.close(),
        zones.stop(),
        ...others.map((close) => close()),
        rm(dataDirectory, { recursive: true, force: true }),
      ]);
    },
  };
}

export async function visit({ before, running: change }: Plant = {}): Promise<Visit> {
  const clinic = await openClinic(before);
  const { dataDirectory } = clinic;
  try {
    await change?.(clinic);
    const found = await namesIn(dataDirectory);
    const report = await examine({
      environment: clinic.environment,
      readFile: clinic.readFile(),
      now: () => Date.now() + clinic.ahead,
    });
    const calls = await clinic.slack.calls();
    return {
      report,
      calls: [...calls.map(({ method }) => method), ...clinic.operations],
      data: { before: found, after: await namesIn(dataDirectory) },
    };
  } finally {
    await clinic.close();
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory, { recursive: true })).sort();
}
