/** What the bot runs with: the environment and the zones file, parsed and checked. Durations are milliseconds. */
import type { KeyObject } from "node:crypto";
import type { SiteName, ZoneName } from "../federation/model/identity.ts";
import type { Policy, SiteProfile } from "../federation/model/policy.ts";
import type { PoolEntry } from "../federation/model/zone-pool.ts";
import { credential, type Secret } from "../secret.ts";

export interface Configuration {
  /** The workspace that installed the app is not written down anywhere: Slack says it at the start. */
  readonly policy: Omit<Policy, "installingTeams">;
  /** Every site that the zones file describes; each zone has one that bears its name. */
  readonly sites: ReadonlyMap<SiteName, SiteProfile>;
  /** Where the zones file names a site's own channel. */
  readonly channelLines: ReadonlyMap<SiteName, string>;
  readonly zoneAccess: ReadonlyMap<ZoneName, ZoneAccess>;
  /** The zones that an OpenNebula federation lists; null: the zones file says all. */
  readonly zonepool: ZonePoolAccess | null;
  /** How long a login token is good for. */
  readonly tokenLife: number;
  /** Zones that are gone for good, by the operator's word. */
  readonly writtenOff: readonly ZoneName[];
  readonly polling: { readonly fastest: number; readonly slowest: number };
  /** Waits after a task that failed, doubled from the first to the longest. */
  readonly retries: { readonly first: number; readonly longest: number };
  readonly slack: SlackAccess;
  readonly slackPace: SlackPace;
  /** Where this machine is told how the bot is; null: nowhere. */
  readonly health: { readonly host: string; readonly port: number } | null;
  readonly dataDirectory: string;
  /** Encrypts the federations' CA keys on disk. */
  readonly storeKey: KeyObject;
  readonly logLevel: LogLevel;
}

/** What it takes to talk to one zone, and which of the zone pool it is. */
export interface ZoneAccess extends PoolEntry {
  /** What the zone is shown. */
  readonly login: "password" | "token";
  /** Absent where the zone has no OneFlow. */
  readonly oneflow?: string;
  readonly user: string;
  readonly password: Secret;
  /** PEM */
  readonly ca?: string;
  readonly deadlines: { readonly xmlrpc: number; readonly oneflow: number };
  readonly inFlight: { readonly xmlrpc: number; readonly oneflow: number };
}

/** Where zones are listed, and the account that they share. */
export interface ZonePoolAccess {
  readonly xmlrpc: string;
  readonly user: string;
  readonly password: Secret;
  /** PEM */
  readonly ca?: string;
  readonly deadline: number;
  /** Between two looks. */
  readonly interval: number;
}

export interface SlackAccess {
  readonly botToken: Secret;
  /** How Slack's deliveries come: signed HTTP requests to this port, or over a connection that the bot opens. */
  readonly delivery:
    | { readonly kind: "http"; readonly signingSecret: Secret; readonly host: string; readonly port: number }
    | { readonly kind: "socket"; readonly appToken: Secret };
  readonly apiUrl: string;
  /** The slash command's name, such as `/flower`. */
  readonly command: string;
}

export interface SlackPace {
  readonly perChannel: number;
  readonly coalescing: number;
  readonly retry: number;
  readonly longestRetry: number;
  readonly fileLook: number;
}

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Every secret that other programs are told, as a text of theirs may repeat it. */
export function secretsOf({ slack, zoneAccess, zonepool }: Configuration): readonly Secret[] {
  const ofSlack = slack.delivery.kind === "http" ? slack.delivery.signingSecret : slack.delivery.appToken;
  const accounts = [...zoneAccess.values(), ...(zonepool === null ? [] : [zonepool])];
  const ofZones = accounts.flatMap(({ user, password }) => [password, credential(user, password)]);
  return [slack.botToken, ofSlack, ...ofZones];
}
