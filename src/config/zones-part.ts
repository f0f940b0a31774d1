/** The zones file's part of the configuration: its text read, checked, and turned into what the bot works with. */
import { X509Certificate } from "node:crypto";
import { basename, dirname, resolve } from "node:path";
import { setImmediate as breath } from "node:timers/promises";
import { z } from "zod";
import { type SiteName, siteName, type ZoneName, zoneName } from "../federation/model/identity.ts";
import type { SiteProfile } from "../federation/model/policy.ts";
import type { Secret } from "../secret.ts";
import type { Configuration, ZoneAccess } from "./configuration.ts";
import type { ReadFile } from "./file-reader.ts";
import { type Finding, formatPath, type Mistake, type Outcome } from "./mistake.ts";
import { brokenRules } from "./rules.ts";
import { type Environment, secretFromFile, secretFromVariable } from "./secret-source.ts";
import { findings, type Reading } from "./shape.ts";
import { sitesOfZone } from "./sites-of-zone.ts";
import { readYaml, type YamlText } from "./yaml-text.ts";
import { type SecretSource, type ZoneEntry, zoneEntry } from "./zone-entry.ts";
import { type PolicySection, type ZonesFile, zonesFile } from "./zones-file.ts";

export type ZonesPart = Pick<
  Configuration,
  "policy" | "sites" | "channelLines" | "zoneAccess" | "writtenOff" | "polling" | "retries" | "slackPace"
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
  const parsed = zonesFile.safeParse(yaml.value);
  await breath();
  const access = readAccess(yaml.value, source);
  const broken = brokenRules(yaml.value);
  await breath();
  const found = [...(parsed.success ? [] : findings(parsed.error, yaml.value)), ...broken, ...access.findings];
  const mistakes = [...syntax, ...found.map(place)];
  const { variables } = access;
  if (!parsed.success || mistakes.length > 0) return { outcome: { ok: false, mistakes }, variables };
  const channelLines = linesOfChannels(path, yaml, parsed.data);
  return { outcome: { ok: true, value: { ...zonesPart(parsed.data, access.opened), channelLines } }, variables };
}

/** Such as `zones.yml, line 14`: people in Slack read it, and need not learn where the file lies. */
const linesOfChannels = (path: string, yaml: YamlText, file: ZonesFile): ReadonlyMap<SiteName, string> =>
  new Map(
    Object.entries(file.zones).flatMap(([name, { channel }]): [SiteName, string][] => {
      const line = channel === undefined ? undefined : yaml.lineOf(["zones", name, "channel"]);
      return line === undefined ? [] : [[siteName.parse(name), `${basename(path)}, line ${line}`]];
    }),
  );

function placing(file: string, yaml: YamlText): (finding: Finding) => Mistake {
  return ({ path, problem, remedy }) => {
    const line = yaml.lineOf(path);
    const lined = line === undefined ? file : `${file}:${line}`;
    return { where: path.length === 0 ? lined : `${lined}: ${formatPath(path)}`, problem, remedy };
  };
}

/** What stands outside the zones file and belongs to a zone. */
interface Opened {
  readonly password: Secret;
  readonly ca?: string;
}

interface Access {
  readonly opened: ReadonlyMap<string, Opened>;
  readonly findings: readonly Finding[];
  readonly variables: ReadonlySet<string> | null;
}

const accessShape = z.object({ password: zoneEntry.shape.password, ca: zoneEntry.shape.ca.catch(undefined) });
const entries = z.object({ zones: z.record(z.string(), z.unknown()) });

/** Reads passwords and certificates of every zone that says where they are, whatever else is wrong with it. */
function readAccess(value: unknown, source: ZonesSource): Access {
  const opened = new Map<string, Opened>();
  const found: Finding[] = [];
  const variables = new Set<string>();
  const file = entries.safeParse(value);
  let isWhole = file.success;
  for (const [name, entry] of file.success ? Object.entries(file.data.zones) : []) {
    const zone = accessShape.safeParse(entry);
    if (!zone.success) {
      isWhole = false;
      continue;
    }
    if ("environment" in zone.data.password) variables.add(zone.data.password.environment);
    const password = openPassword(zone.data.password, source);
    const ca = zone.data.ca === undefined ? undefined : openCa(zone.data.ca, source);
    const note = (field: string, reading: Reading<unknown> | undefined): void => {
      if (reading === undefined || reading.ok) return;
      found.push({ path: ["zones", name, field], problem: reading.problem, remedy: reading.remedy ?? "" });
    };
    note("password", password);
    note("ca", ca);
    if (password.ok) opened.set(name, { password: password.value, ...(ca?.ok ? { ca: ca.value } : {}) });
  }
  return { opened, findings: found, variables: isWhole ? variables : null };
}

/** Paths in the zones file are relative to the file itself. */
const besideFile = (source: ZonesSource, path: string): string => resolve(dirname(source.path), path);

const openPassword = (where: SecretSource, source: ZonesSource): Reading<Secret> =>
  "environment" in where
    ? secretFromVariable(source.environment, where.environment)
    : secretFromFile(source.readFile, besideFile(source, where.file));

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const CA_REMEDY = "Give a file with one or more CA certificates in PEM, as the zone's administrator hands it out.";

function openCa(written: string, source: ZonesSource): Reading<string> {
  const file = source.readFile(besideFile(source, written));
  const subject = `names the file ${written}, which`;
  if (!file.ok) return { ok: false, problem: `${subject} ${file.problem}`, remedy: CA_REMEDY };
  if (file.text.includes("PRIVATE KEY")) {
    return {
      ok: false,
      problem: `${subject} holds a private key`,
      remedy: `${CA_REMEDY} Move the private key to where only its owner can read it.`,
    };
  }
  const certificates = file.text.match(CERTIFICATE) ?? [];
  return certificates.length > 0 && certificates.every(isCertificate)
    ? { ok: true, value: certificates.join("\n") }
    : { ok: false, problem: `${subject} holds no certificate that can be read`, remedy: CA_REMEDY };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== "";
  } catch {
    return false;
  }
}

function zonesPart(file: ZonesFile, opened: ReadonlyMap<string, Opened>): Omit<ZonesPart, "channelLines"> {
  const sites: SiteProfile[] = [];
  const zoneAccess = new Map<ZoneName, ZoneAccess>();
  for (const [written, entry] of Object.entries(file.zones)) {
    const name = zoneName.parse(written);
    sites.push(...sitesOfZone(name, entry));
    const own = opened.get(written);
    if (own !== undefined) zoneAccess.set(name, accessOf(name, entry, own, file.policy));
  }
  const { slack } = file.policy;
  return {
    sites: new Map(sites.map((site) => [site.name, site])),
    zoneAccess,
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

function accessOf(name: ZoneName, entry: ZoneEntry, { password, ca }: Opened, { calls }: PolicySection): ZoneAccess {
  return {
    name,
    xmlrpc: entry.xmlrpc,
    ...(entry.oneflow === undefined ? {} : { oneflow: entry.oneflow }),
    user: entry.user,
    password,
    ...(ca === undefined ? {} : { ca }),
    deadlines: { xmlrpc: calls.xmlrpcDeadline, oneflow: calls.oneflowDeadline },
    inFlight: { xmlrpc: calls.xmlrpcInFlight, oneflow: calls.oneflowInFlight },
  };
}

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
