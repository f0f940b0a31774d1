/** The composition root: the one place that knows every adapter. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { webApi } from "@slack/bolt";
import type { Configuration } from "./config/configuration.ts";
import { teamId } from "./federation/model/identity.ts";
import { type ShippedManifests, serviceTemplate } from "./federation/model/manifests.ts";
import type { Policy } from "./federation/model/policy.ts";
import type { ChannelIds, Checkpoint } from "./federation/ports.ts";
import type { Logger } from "./log.ts";
import { openManifestArchive } from "./manifests/archive.ts";
import { readGuestScript } from "./manifests/guest-script.ts";
import { packageRoot } from "./package-root.ts";
import { openRuntime } from "./runtime.ts";
import { createSlackApp } from "./slack/app.ts";
import { quietLogger } from "./slack/sdk-logger.ts";
import { openChannelIds } from "./store/channel-id-file.ts";

export interface RunningBot {
  /** Where Slack's requests are to be sent; null in Socket Mode. */
  readonly url: string | null;
  /** Nothing new begins, what is under way ends, then everything is closed. */
  stop(): Promise<void>;
}

/** `checkpoint` is for tests: named points at which they may end the process. The shipped program passes nothing. */
export async function startBot(
  configuration: Configuration,
  log: Logger,
  checkpoint: Checkpoint = () => undefined,
): Promise<RunningBot> {
  const workspace = await identify(configuration, log);
  const shipped = await readManifests(join(packageRoot(), "manifests"));
  const { dataDirectory, retries } = configuration;
  const channels = await openChannelIds(join(dataDirectory, "channels.json"));
  const zones = withFirstIds(configuration.zones, channels);
  const { requesters } = configuration.policy;
  const policy: Policy = {
    ...configuration.policy,
    requesters: { ...requesters, channels: requesters.channels.map(channels.first) },
    installingTeams: workspace.teams,
  };
  const manifests = await openManifestArchive(join(dataDirectory, "manifests"), shipped, log);
  const runtime = await openRuntime({
    dataDirectory,
    storeKey: configuration.storeKey,
    policy,
    zones,
    access: configuration.zoneAccess,
    writtenOff: configuration.writtenOff,
    manifests,
    looking: configuration.polling,
    pace: { retryFirst: retries.first, retryMost: retries.longest },
    checkpoint,
    log,
  });
  const { slack } = configuration;
  const app = createSlackApp({
    federations: runtime.store,
    receipts: runtime.receipts,
    zoneChecks: runtime.zoneChecks,
    configuration: { policy, zones, manifests },
    workspaceUrl: workspace.url,
    channels,
    channelsWritten: channelsWritten(configuration),
    log,
    botToken: slack.botToken,
    slackApiUrl: slack.apiUrl,
    transport: slack.delivery,
    commandName: slack.command,
    pace: configuration.slackPace,
  });
  const { port } = await app.start();
  await runtime.start();
  return {
    url: slack.delivery.kind === "http" ? `http://${slack.delivery.host}:${port}/slack/events` : null,
    async stop() {
      await app.stop();
      await runtime.stop();
    },
  };
}

/** Whichever of its ids the zones file gives a channel. */
const withFirstIds = (zones: Configuration["zones"], channels: ChannelIds): Configuration["zones"] =>
  new Map(
    [...zones].map(([name, profile]) => [
      name,
      { ...profile, channel: profile.channel === null ? null : channels.first(profile.channel) },
    ]),
  );

const channelsWritten = ({ zones, channelLines }: Configuration) =>
  new Map(
    [...zones].flatMap(([name, { channel }]) =>
      channel === null ? [] : [[name, { channel, where: channelLines.get(name) ?? "the zones file" }] as const],
    ),
  );

/** The workspace that the bot token belongs to; asked until Slack answers. */
async function identify({ slack, retries }: Configuration, log: Logger) {
  const client = new webApi.WebClient(slack.botToken.reveal(), {
    slackApiUrl: slack.apiUrl,
    logger: quietLogger(log),
    retryConfig: { forever: true, minTimeout: retries.first, maxTimeout: retries.longest, randomize: true },
  });
  const { team_id, enterprise_id, url } = await client.auth.test();
  const teams = [teamId.parse(team_id), ...(enterprise_id ? [teamId.parse(enterprise_id)] : [])];
  return { teams, url: url ?? "https://slack.com/" };
}

async function readManifests(directory: string): Promise<ShippedManifests> {
  const read = async (name: string) => serviceTemplate.parse(JSON.parse(await readFile(join(directory, name), "utf8")));
  const agent = await readGuestScript(join(directory, "guest"));
  return {
    coordinator: { template: await read("coordinator.json"), agent },
    training: { template: await read("training-site.json"), agent },
  };
}
