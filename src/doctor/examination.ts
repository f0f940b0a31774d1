/**
 * Puts the doctor together: reads the configuration, looks at Slack, zones and data directory at once, and judges. It only
 * looks: nothing is posted, created, written or changed. Every look ends in time.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { type Configuration, secretsOf } from "../config/configuration.ts";
import type { ReadFile } from "../config/file-reader.ts";
import { loadConfiguration } from "../config/load-configuration.ts";
import type { Environment } from "../config/secret-source.ts";
import type { ZoneName } from "../federation/model/identity.ts";
import type { SiteProfile } from "../federation/model/policy.ts";
import { sitesByZone } from "../federation/model/site-profiles.ts";
import type { ChannelIds, Log, ZoneCheck } from "../federation/ports.ts";
import { doorsOf } from "../opennebula/ways.ts";
import { type OpenZone, openZone, type ZoneDoor } from "../opennebula/zone.ts";
import { packageRoot } from "../package-root.ts";
import { checkAlternatives, checkOffers } from "../rollout/offers.ts";
import { Redactor } from "../secret.ts";
import { openChannelIds } from "../store/channel-id-file.ts";
import { openZonePoolFile } from "../store/zone-pool-file.ts";
import { lookAtKeyStore } from "../trust/key-store.ts";
import { type Check, notLookedAt } from "./check.ts";
import { type ClockSample, clockChecks } from "./clock-checks.ts";
import { configurationChecks, nothingElse } from "./configuration-checks.ts";
import { directoryCheck, keyChecks } from "./data-checks.ts";
import { lookAtDirectory } from "./data-look.ts";
import { type Report, reportOf } from "./report.ts";
import { examineSlack } from "./slack-examination.ts";
import { alternativeChecks, zoneChecks } from "./zone-checks.ts";
import { examinePool } from "./zonepool-examination.ts";

export interface ExaminationOptions {
  readonly environment: Environment;
  readonly readFile: ReadFile;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly now?: () => number;
}

/** Milliseconds that one call to a zone, and all looks at one zone together, may take, whatever the zones file grants. */
const LONGEST_CALL = 15_000;
const LONGEST_ZONE = 60_000;

const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface Part {
  readonly checks: readonly Check[];
  readonly clock: readonly ClockSample[];
}

export async function examine({ environment, readFile: read, now = Date.now }: ExaminationOptions): Promise<Report> {
  const loaded = await loadConfiguration({ environment, readFile: read });
  if (!loaded.ok) return reportOf([...configurationChecks(loaded.mistakes), ...nothingElse]);
  const { configuration } = loaded;
  const [data, slack, zones] = await Promise.all([
    examineData(configuration),
    lookAtSlack(configuration, now),
    examineZones(configuration, now),
  ]);
  const clock = clockChecks([slack, zones].flatMap((part) => part.clock));
  const found = [...configurationChecks([]), ...data, ...slack.checks, ...zones.checks, ...clock];
  return reportOf(withoutSecrets(found, new Redactor(secretsOf(configuration))));
}

async function examineData({ dataDirectory, storeKey }: Configuration): Promise<readonly Check[]> {
  const facts = await lookAtDirectory(dataDirectory);
  const directory = directoryCheck(facts);
  if (directory.verdict === "fault") {
    const about = { code: "store-key", subject: "FLORIST_KEY" } as const;
    return [directory, notLookedAt(about, "The stored CA keys were", "the data directory cannot be used")];
  }
  return [directory, ...keyChecks(await lookAtKeyStore(join(dataDirectory, "keys"), storeKey))];
}

async function lookAtSlack(configuration: Configuration, now: () => number): Promise<Part> {
  const heard = new Clock(now);
  const checks = await examineSlack({
    configuration,
    needed: await scopesOfManifest(),
    channels: await knownChannels(configuration),
    onDate: (date) => heard.hear(date),
  });
  return { checks, clock: heard.sample("Slack") };
}

async function examineZones(configuration: Configuration, now: () => number): Promise<Part> {
  const { known } = await openZonePoolFile(join(configuration.dataDirectory, "zonepool.json"), SILENT);
  const { zonepool, zoneAccess, retries } = configuration;
  const pool = zonepool === null ? null : { ...zonepool, deadline: Math.min(zonepool.deadline, LONGEST_CALL) };
  const { checks, ways } = await examinePool({ pool, access: zoneAccess.values(), retries }, known);
  const doors = doorsOf(zoneAccess.values(), ways);
  try {
    const parts = await Promise.all([...doors].map(([name, door]) => examineZone(name, door, configuration, now)));
    return {
      checks: [...checks, ...parts.flatMap((part) => part.checks)],
      clock: parts.flatMap(({ clock }) => clock),
    };
  } finally {
    await ways.revoke();
    ways.close();
  }
}

async function examineZone(
  name: ZoneName,
  door: ZoneDoor,
  configuration: Configuration,
  now: () => number,
): Promise<Part> {
  const sites = sitesByZone(configuration.sites.values()).get(name) ?? [];
  const heard = new Clock(now);
  const zone = openZone({ ...door, name, deadlines: shortened(door), onDate: (date) => heard.hear(date) });
  const tooLate = setTimeout(() => zone.close(), LONGEST_ZONE);
  try {
    const seen = await checkOffers(zone, name, sites);
    const clock = heard.sample(name);
    const alternatives = seen.version === null ? [] : await alternativesOf(zone, sites);
    return {
      checks: [...zoneChecks(seen, sites), ...alternatives, ...(clock.length === 0 ? timeless(seen) : [])],
      clock,
    };
  } finally {
    clearTimeout(tooLate);
    zone.close();
  }
}

async function alternativesOf(zone: OpenZone, sites: readonly SiteProfile[]): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const site of withOwnAlternatives(sites))
    checks.push(...alternativeChecks(await checkAlternatives(zone, site), site));
  return checks;
}

/** Of the sites of a zone that have the same to choose from, the first speaks for all. */
const withOwnAlternatives = (sites: readonly SiteProfile[]): readonly SiteProfile[] =>
  sites.filter(
    ({ alternatives }, nth) =>
      !sites.slice(0, nth).some((other) => isDeepStrictEqual(alternatives, other.alternatives)),
  );

/** A zone that cannot be reached has no clock to speak of; that is said already. */
const timeless = ({ zone, version }: ZoneCheck): readonly Check[] =>
  version === null
    ? []
    : [
        notLookedAt(
          { code: "clock", subject: zone },
          `The clock of ${zone} was`,
          "its answers do not say what time it is",
        ),
      ];

const shortened = ({ deadlines }: ZoneDoor): ZoneDoor["deadlines"] => ({
  xmlrpc: Math.min(deadlines.xmlrpc, LONGEST_CALL),
  oneflow: Math.min(deadlines.oneflow, LONGEST_CALL),
});

/** The first thing that the others say of the time: a slow answer is no clock. */
class Clock {
  readonly #now: () => number;
  #ahead: number | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  hear(date: string): void {
    const told = Date.parse(date);
    if (!Number.isNaN(told)) this.#ahead ??= told - this.#now();
  }

  sample(who: string): readonly ClockSample[] {
    return this.#ahead === null ? [] : [{ who, ahead: this.#ahead }];
  }
}

const manifest = z.object({ oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()) }) }) });

async function scopesOfManifest(): Promise<readonly string[]> {
  const text = await readFile(join(packageRoot(), "app-manifest.yml"), "utf8");
  return manifest.parse(parse(text)).oauth_config.scopes.bot;
}

/** What the bot has learned of channels whose id has changed. */
async function knownChannels({ dataDirectory }: Configuration): Promise<Pick<ChannelIds, "newest">> {
  try {
    return await openChannelIds(join(dataDirectory, "channels.json"));
  } catch {
    // What is wrong with the data directory is told of the data directory.
    return { newest: (channel) => channel };
  }
}

/** Whatever others said: no secret of the configuration stands in what is printed. */
const withoutSecrets = (checks: readonly Check[], redactor: Redactor): readonly Check[] =>
  checks.map((check) => ({
    ...check,
    subject: redactor.clean(check.subject),
    sentence: redactor.clean(check.sentence),
    remedy: check.remedy === null ? null : redactor.clean(check.remedy),
  }));
