/** The composition root: the one place that knows every adapter. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Configuration } from "./config/configuration.ts";
import { type ShippedManifests, serviceTemplate } from "./federation/model/manifests.ts";
import type { Policy } from "./federation/model/policy.ts";
import type { ChannelIds, Checkpoint } from "./federation/ports.ts";
import { FederationTally } from "./health/federation-tally.ts";
import { type Health, openHealth } from "./health/server.ts";
import type { VitalSigns } from "./health/vital-signs.ts";
import type { Logger } from "./log.ts";
import { openManifestArchive } from "./manifests/archive.ts";
import { readGuestScript } from "./manifests/guest-script.ts";
import { doorsOf, openWays, type Ways } from "./opennebula/ways.ts";
import { packageRoot } from "./package-root.ts";
import { openRuntime, type Runtime } from "./runtime.ts";
import { Redactor } from "./secret.ts";
import { createSlackApp, type SlackApp } from "./slack/app.ts";
import { findWorkspace } from "./slack/workspace.ts";
import { openChannelIds } from "./store/channel-id-file.ts";
import { openZonePoolFile } from "./store/zone-pool-file.ts";

export interface RunningBot {
  /** Where Slack's requests are to be sent; null in Socket Mode. */
  readonly url: string | null;
  /** Where `/healthz`, `/readyz` and `/metrics` are; null where nothing listens. */
  readonly health: string | null;
  /** Resolves when the bot can go on no more, with why. */
  readonly lost: Promise<Error>;
  /** Nothing new begins, what is under way ends, then everything is closed. */
  stop(): Promise<void>;
}

/**
 * `checkpoint` is for tests: named points at which they may end the process. The shipped program passes nothing. `redactor`,
 * which the log is written through, learns what becomes secret meanwhile.
 */
export async function startBot(
  configuration: Configuration,
  log: Logger,
  checkpoint: Checkpoint = () => undefined,
  redactor: Redactor = new Redactor([]),
): Promise<RunningBot> {
  const health = configuration.health === null ? null : await openHealth(configuration.health);
  try {
    return await startParts(configuration, { log, checkpoint, redactor }, health);
  } catch (error) {
    await health?.stop();
    throw error;
  }
}

interface Attendants {
  readonly log: Logger;
  readonly checkpoint: Checkpoint;
  readonly redactor: Redactor;
}

async function startParts(
  configuration: Configuration,
  attendants: Attendants,
  health: Health | null,
): Promise<RunningBot> {
  const { log, checkpoint } = attendants;
  const { botToken, apiUrl } = configuration.slack;
  const workspace = await findWorkspace({ botToken, apiUrl, retries: configuration.retries, log });
  const shipped = await readManifests(join(packageRoot(), "manifests"));
  const { dataDirectory, retries } = configuration;
  const channels = await openChannelIds(join(dataDirectory, "channels.json"));
  const sites = withFirstIds(configuration.sites, channels);
  const { requesters } = configuration.policy;
  const policy: Policy = {
    ...configuration.policy,
    requesters: { ...requesters, channels: requesters.channels.map(channels.first) },
    installingTeams: workspace.teams,
  };
  const manifests = await openManifestArchive(join(dataDirectory, "manifests"), shipped, log);
  const ways = await waysOf(configuration, attendants, health);
  const runtime = await openRuntime({
    dataDirectory,
    storeKey: configuration.storeKey,
    policy,
    sites,
    access: doorsOf(configuration.zoneAccess.values(), ways),
    pool: ways.pool,
    writtenOff: configuration.writtenOff,
    manifests,
    looking: configuration.polling,
    pace: { retryFirst: retries.first, retryMost: retries.longest },
    checkpoint,
    onZoneCall: health?.zoneCalled,
    log,
  });
  const { slack } = configuration;
  const app = createSlackApp({
    federations: runtime.store,
    receipts: runtime.receipts,
    zoneChecks: runtime.zoneChecks,
    certificates: runtime.certificates,
    tunnelStates: runtime.tunnelStates,
    configuration: { policy, sites, manifests },
    workspaceUrl: workspace.url,
    channels,
    channelsWritten: channelsWritten(configuration),
    log,
    onCall: (method, outcome) => health?.slackCalled({ method, outcome }),
    botToken: slack.botToken,
    slackApiUrl: slack.apiUrl,
    transport: slack.delivery,
    commandName: slack.command,
    pace: configuration.slackPace,
  });
  health?.attend(vitalSigns(app, runtime, ways));
  const { port } = await begun(app, runtime);
  return {
    url: slack.delivery.kind === "http" ? `http://${slack.delivery.host}:${port}/slack/events` : null,
    lost: runtime.storeLost,
    health: health === null ? null : `http://${configuration.health?.host}:${health.port}`,
    async stop() {
      await app.stop();
      await runtime.stop();
      ways.close();
      await health?.stop();
    },
  };
}

function vitalSigns(app: SlackApp, { store, storeTrouble, looks }: Runtime, ways: Ways): VitalSigns {
  const tally = new FederationTally();
  for (const federation of store.living()) tally.change(federation, null);
  store.onChange((after, before) => tally.change(after, before));
  return {
    ...{ tally, storeTrouble, looks },
    pool: () => ways.pool?.state() ?? null,
    isConnected: () => app.isConnected(),
    backlog: () => app.backlog(),
  };
}

async function waysOf(
  configuration: Configuration,
  { log, checkpoint, redactor }: Attendants,
  health: Health | null,
): Promise<Ways> {
  const { zonepool: pool, zoneAccess, tokenLife, retries, dataDirectory } = configuration;
  return openWays({
    pool,
    access: zoneAccess.values(),
    file: await openZonePoolFile(join(dataDirectory, "zonepool.json"), log),
    ...{ tokenLife, retries, log, checkpoint },
    learn: (secret) => redactor.learn(secret),
    onCall: (zone, took, outcome) => health?.zoneCalled({ zone, daemon: "oned", took, outcome }),
  });
}

/** Whichever of its ids the zones file gives a channel. */
const withFirstIds = (sites: Configuration["sites"], channels: ChannelIds): Configuration["sites"] =>
  new Map(
    [...sites].map(([name, profile]) => [
      name,
      { ...profile, channel: profile.channel === null ? null : channels.first(profile.channel) },
    ]),
  );

const channelsWritten = ({ sites, channelLines }: Configuration) =>
  new Map(
    [...channelLines].flatMap(([name, where]) => {
      const channel = sites.get(name)?.channel ?? null;
      return channel === null ? [] : [[name, { channel, where }] as const];
    }),
  );

/** Milliseconds: whoever looks after the bot wants it to end, and a store that is not closed is only read for longer. */
const LONGEST_CLOSING = 1000;

/**
 * People are answered before zones are looked at. What was opened for a start that fails is closed again: the data is
 * free for the next one.
 */
export async function begun(
  app: Pick<SlackApp, "start" | "stop">,
  runtime: Pick<Runtime, "start" | "stop">,
): Promise<{ readonly port: number | null }> {
  let isListening = false;
  try {
    const { port } = await app.start();
    isListening = true;
    await runtime.start();
    return { port };
  } catch (error) {
    const closing = (isListening ? app.stop() : Promise.resolve()).then(() => runtime.stop());
    await Promise.race([closing, pause(LONGEST_CLOSING, undefined, { ref: false })]).catch(() => undefined);
    throw error;
  }
}

async function readManifests(directory: string): Promise<ShippedManifests> {
  const read = async (name: string) => serviceTemplate.parse(JSON.parse(await readFile(join(directory, name), "utf8")));
  const agent = await readGuestScript(join(directory, "guest"));
  return {
    coordinator: { template: await read("coordinator.json"), agent },
    training: { template: await read("training-site.json"), agent },
  };
}
