/** The zones file's part of the configuration: its text read, checked, and turned into what the bot works with. */
import { basename } from "node:path";
import { setImmediate as breath } from "node:timers/promises";
import { type SiteName, siteIn, siteOfZone, type ZoneName, zoneName } from "../federation/model/identity.ts";
import type { SiteProfile } from "../federation/model/policy.ts";
import type { Configuration, ZoneAccess, ZonePoolAccess } from "./configuration.ts";
import type { ReadFile } from "./file-reader.ts";
import { type Finding, formatPath, type Mistake, type Outcome } from "./mistake.ts";
import { brokenRules } from "./rules.ts";
import type { Environment } from "./secret-source.ts";
import { findings } from "./shape.ts";
import { sitesOfZone } from "./sites-of-zone.ts";
import { readYaml, type YamlText } from "./yaml-text.ts";
import type { PooledEntry } from "./zonepool-entry.ts";
import { type Access, type Opened, readAccess } from "./zones-access.ts";
import { type PolicySection, shapeOf, type ZonesFile } from "./zones-file.ts";

export type ZonesPart = Pick<
  Configuration,
  | "policy"
  | "sites"
  | "channelLines"
  | "zoneAccess"
  | "zonepool"
  | "tokenLife"
  | "writtenOff"
  | "polling"
  | "retries"
  | "slackPace"
>;

export interface ZonesSource {
  readonly path: string;
  readonly environment: Environment;
  readonly readFile: ReadFile;
}

interface ZonesReading {
  readonly outcome: Outcome<ZonesPart>;
  /** Those that zones name for their passwords; null when it cannot be told which these are. */
  readonly variables: ReadonlySet<string> | null;
}

export async function readZonesPart(source: ZonesSource): Promise<ZonesReading> {
  const { path } = source;
  const file = source.readFile(path);
  if (!file.ok) {
    const remedy = "Write it after the pattern of zones.example.yml, or name another in FLORIST_ZONES_FILE.";
    const mistakes = [{ where: path, problem: file.problem, remedy: file.remedy ?? remedy }];
    return { outcome: { ok: false, mistakes }, variables: null };
  }
  const yaml = readYaml(file.text);
  const syntax = yaml.errors.map(({ line, ...rest }): Mistake => ({ where: `${path}:${line}`, ...rest }));
  // What is no YAML has no shape to speak of.
  if (yaml.value === undefined) return { outcome: { ok: false, mistakes: syntax }, variables: null };
  const place = placing(path, yaml);
  await breath();
  const parsed = shapeOf(yaml.value).safeParse(yaml.value);
  await breath();
  const access = readAccess(yaml.value, source);
  const broken = brokenRules(yaml.value);
  await breath();
  const found = [...(parsed.success ? [] : findings(parsed.error, yaml.value)), ...broken, ...access.findings];
  const mistakes = [...syntax, ...found.map(place)];
  const { variables } = access;
  if (!parsed.success || mistakes.length > 0) return { outcome: { ok: false, mistakes }, variables };
  const channelLines = linesOfChannels(path, yaml, parsed.data);
  return { outcome: { ok: true, value: { ...zonesPart(parsed.data, access), channelLines } }, variables };
}

/** Such as `zones.yml, line 14`: people in Slack read it, and need not learn where the file lies. */
const linesOfChannels = (path: string, yaml: YamlText, file: ZonesFile): ReadonlyMap<SiteName, string> =>
  new Map(
    Object.entries(file.zones).flatMap(([written, { channel, train }]): [SiteName, string][] => {
      const zone = zoneName.parse(written);
      const lineOf = (site: SiteName, said: string | undefined, ...below: string[]): [SiteName, string][] => {
        const line = said === undefined ? undefined : yaml.lineOf(["zones", written, ...below, "channel"]);
        return line === undefined ? [] : [[site, `${basename(path)}, line ${line}`]];
      };
      const sites = Object.entries(train?.sites ?? {});
      return [
        ...lineOf(siteOfZone(zone), channel),
        ...sites.flatMap(([name, site]) => lineOf(siteIn(zone, name), site.channel, "train", "sites", name)),
      ];
    }),
  );

function placing(file: string, yaml: YamlText): (finding: Finding) => Mistake {
  return ({ path, problem, remedy }) => {
    const line = yaml.lineOf(path);
    const lined = line === undefined ? file : `${file}:${line}`;
    return { where: path.length === 0 ? lined : `${lined}: ${formatPath(path)}`, problem, remedy };
  };
}

function zonesPart(file: ZonesFile, { opened, shared }: Access): Omit<ZonesPart, "channelLines"> {
  const sites: SiteProfile[] = [];
  const zoneAccess = new Map<ZoneName, ZoneAccess>();
  for (const [written, entry] of Object.entries(file.zones)) {
    const name = zoneName.parse(written);
    sites.push(...sitesOfZone(name, entry));
    const own = opened.get(written);
    const user = entry.user ?? file.zonepool?.user;
    if (own !== undefined && user !== undefined) zoneAccess.set(name, accessOf(name, entry, { ...own, user }, file));
  }
  const { slack } = file.policy;
  return {
    sites: new Map(sites.map((site) => [site.name, site])),
    zoneAccess,
    zonepool: poolOf(file, shared),
    tokenLife: file.policy.tokenLife,
    policy: {
      requesters: file.requesters,
      requesterMayApproveAlone: file.requesterMayApproveAlone,
      durations: durationsOf(file.policy),
    },
    writtenOff: file.writtenOff.map((name) => zoneName.parse(name)),
    polling: file.policy.polling,
    retries: file.policy.retries,
    slackPace: {
      perChannel: slack.perChannel,
      coalescing: slack.coalescing,
      retry: slack.firstRetry,
      longestRetry: slack.longestRetry,
      fileLook: slack.fileLook,
    },
  };
}

function accessOf(
  name: ZoneName,
  entry: PooledEntry,
  account: Opened & { readonly user: string },
  { policy }: ZonesFile,
): ZoneAccess {
  const sharesAccount = entry.user === undefined;
  return {
    name,
    xmlrpc: entry.xmlrpc ?? null,
    called: entry.pool ?? name,
    standsAlone: entry.xmlrpc !== undefined && !sharesAccount && entry.pool === undefined,
    sharesAccount,
    login: entry.login ?? (sharesAccount ? "token" : "password"),
    ...(entry.oneflow === undefined ? {} : { oneflow: entry.oneflow }),
    ...account,
    ...callsOf(policy),
  };
}

const callsOf = ({ calls }: PolicySection): Pick<ZoneAccess, "deadlines" | "inFlight"> => ({
  deadlines: { xmlrpc: calls.xmlrpcDeadline, oneflow: calls.oneflowDeadline },
  inFlight: { xmlrpc: calls.xmlrpcInFlight, oneflow: calls.oneflowInFlight },
});

const poolOf = ({ zonepool, policy }: ZonesFile, shared: Opened | null): ZonePoolAccess | null =>
  zonepool === undefined || shared === null
    ? null
    : {
        xmlrpc: zonepool.xmlrpc,
        user: zonepool.user,
        ...shared,
        deadline: policy.calls.xmlrpcDeadline,
        interval: policy.polling.zonepool,
      };

function durationsOf(policy: PolicySection): Configuration["policy"]["durations"] {
  return {
    approvalExpiry: policy.approvalExpiry,
    approvalReminder: policy.approvalReminder,
    boot: policy.boot,
    serve: policy.serve,
    settle: policy.settle,
    silence: policy.silence,
    removal: policy.removal,
    certificateLife: policy.certificateLife,
    authorityLife: policy.authorityLife,
    warning: policy.stopWarning,
    endNotice: policy.endNotice,
    endAnswer: policy.endAnswer,
    endExtension: policy.endExtension,
    ...policy.conditions,
  };
}
