/** What the bot runs with: the environment and the zones file, parsed and checked. Durations are milliseconds. */
import type { KeyObject } from "node:crypto";
import type { SiteName, ZoneName } from "../federation/model/identity.ts";
import type { Policy, SiteProfile } from "../federation/model/policy.ts";
import { credential, type Secret } from "../secret.ts";

export interface Configuration {
  /** The workspace that installed the app is not written down anywhere: Slack says it at the start. */
  readonly policy: Omit<Policy, "installingTeams">;
  /** Every site that the zones file describes; each zone has one that bears its name. */
  readonly sites: ReadonlyMap<SiteName, SiteProfile>;
  /** Where the zones file names a site's own channel. */
  readonly channelLines: ReadonlyMap<SiteName, string>;
  readonly zoneAccess: ReadonlyMap<ZoneName, ZoneAccess>;
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

/** What it takes to talk to one zone. */
export interface ZoneAccess {
  readonly name: ZoneName;
  readonly xmlrpc: string;
  /** Absent where the zone has no OneFlow. */
  readonly oneflow?: string;
  readonly user: string;
  readonly password: Secret;
  /** PEM */
  readonly ca?: string;
  readonly deadlines: { readonly xmlrpc: number; readonly oneflow: number };
  readonly inFlight: { readonly xmlrpc: number; readonly oneflow: number };
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
export function secretsOf({ slack, zoneAccess }: Configuration): readonly Secret[] {
  const ofSlack = slack.delivery.kind === "http" ? slack.delivery.signingSecret : slack.delivery.appToken;
  const ofZones = [...zoneAccess.values()].flatMap(({ user, password }) => [password, credential(user, password)]);
  return [slack.botToken, ofSlack, ...ofZones];
}
