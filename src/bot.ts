/** The composition root: the one place that knows every adapter. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { webApi } from "@slack/bolt";
import type { Configuration } from "./config/configuration.ts";
import { teamId } from "./federation/model/identity.ts";
import { type Manifests, serviceTemplate } from "./federation/model/manifests.ts";
import type { Policy } from "./federation/model/policy.ts";
import type { Checkpoint } from "./federation/ports.ts";
import type { Logger } from "./log.ts";
import { readGuestScript } from "./manifests/guest-script.ts";
import { packageRoot } from "./package-root.ts";
import { openRuntime } from "./runtime.ts";
import { createSlackApp } from "./slack/app.ts";
import { quietLogger } from "./slack/sdk-logger.ts";

/** Milliseconds: what time makes due is noticed at most so late. */
const TICK_MOST = 1_000;

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
  const policy: Policy = { ...configuration.policy, installingTeam: await installingTeam(configuration, log) };
  const manifests = await readManifests(join(packageRoot(), "manifests"));
  const room = await openRuntime({
    dataDirectory: configuration.dataDirectory,
    storeKey: configuration.storeKey,
    policy,
    zones: configuration.zones,
    access: configuration.zoneAccess,
    manifests,
    looking: configuration.polling,
    pace: {
      tick: Math.min(TICK_MOST, configuration.retries.first),
      retryFirst: configuration.retries.first,
      retryMost: configuration.retries.longest,
    },
    checkpoint,
    log,
  });
  const { slack } = configuration;
  const app = createSlackApp({
    federations: room.store,
    zoneChecks: room.looks,
    configuration: { policy, zones: configuration.zones, manifests },
    log,
    botToken: slack.botToken,
    slackApiUrl: slack.apiUrl,
    transport: slack.delivery,
    commandName: slack.command,
    pace: configuration.slackPace,
  });
  const { port } = await app.start();
  room.start();
  return {
    url: slack.delivery.kind === "http" ? `http://${slack.delivery.host}:${port}/slack/events` : null,
    async stop() {
      await app.stop();
      await room.stop();
    },
  };
}

/** The workspace that the bot token belongs to; asked until Slack answers. */
async function installingTeam({ slack, retries }: Configuration, log: Logger) {
  const client = new webApi.WebClient(slack.botToken.reveal(), {
    slackApiUrl: slack.apiUrl,
    logger: quietLogger(log),
    retryConfig: { forever: true, minTimeout: retries.first, maxTimeout: retries.longest, randomize: true },
  });
  const { team_id } = await client.auth.test();
  return teamId.parse(team_id);
}

async function readManifests(directory: string): Promise<Manifests> {
  const read = async (name: string) => serviceTemplate.parse(JSON.parse(await readFile(join(directory, name), "utf8")));
  return {
    coordinator: await read("coordinator.json"),
    training: await read("training-site.json"),
    agent: await readGuestScript(join(directory, "guest")),
  };
}
