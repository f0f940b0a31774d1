/** The Slack side of the bot: what comes in is handed to listeners, what the state says goes out through the outbox. */
import { App, type AuthorizeResult, type Receiver, type webApi } from "@slack/bolt";
import type { Logger } from "pino";
import type { ChannelId, SiteName } from "../federation/model/identity.ts";
import type {
  Certificates,
  ChannelIds,
  Configuration,
  Federations,
  Receipts,
  TunnelStates,
  ZoneChecks,
} from "../federation/ports.ts";
import type { Secret } from "../secret.ts";
import { Availability } from "./availability.ts";
import { help } from "./blocks/help.ts";
import { federationOf } from "./card-value.ts";
import { type ClientOptions, createClient } from "./client.ts";
import { ConnectionHealth } from "./connection-health.ts";
import * as decisions from "./inbound/actions/decisions.ts";
import * as requests from "./inbound/actions/requests.ts";
import type { Bot } from "./inbound/bot.ts";
import * as command from "./inbound/commands/flower.ts";
import { deduplicateDeliveries } from "./inbound/deduplicate.ts";
import { Dispatcher } from "./inbound/dispatcher.ts";
import * as channels from "./inbound/events/channels.ts";
import * as homes from "./inbound/events/home.ts";
import * as mentions from "./inbound/events/mentions.ts";
import { drawHome, mayConcern } from "./inbound/home.ts";
import { createHttpReceiver } from "./inbound/http-receiver.ts";
import { createMembership } from "./inbound/membership.ts";
import { createPeople } from "./inbound/people.ts";
import { SocketReceiver } from "./inbound/socket-receiver.ts";
import { Unreadable } from "./inbound/unreadable.ts";
import * as addSite from "./inbound/views/add-site.ts";
import * as adjust from "./inbound/views/adjust.ts";
import * as certificate from "./inbound/views/certificate.ts";
import * as deploySite from "./inbound/views/deploy-site.ts";
import * as ownerViews from "./inbound/views/owner-views.ts";
import * as reject from "./inbound/views/reject.ts";
import * as routerKey from "./inbound/views/router-key.ts";
import { OpenHomes } from "./open-homes.ts";
import { createOutbox } from "./outbox/outbox.ts";
import type { Pace } from "./outbox/pace.ts";
import { isSeen } from "./projection/projection.ts";
import type { OutdatedEntry } from "./projection/renumbered.ts";
import { undelivered } from "./projection/undelivered.ts";
import { createPublisher } from "./publisher.ts";
import { isFollowed } from "./renumbering.ts";
import { quietLogger } from "./sdk-logger.ts";

/** How Slack reaches the bot: signed requests, or a connection that the bot opens itself. */
export type Transport =
  | { readonly kind: "http"; readonly signingSecret: Secret; readonly host: string; readonly port: number }
  | { readonly kind: "socket"; readonly appToken: Secret };

export interface SlackAppOptions {
  readonly federations: Federations;
  readonly zoneChecks: ZoneChecks;
  readonly certificates: Certificates;
  readonly tunnelStates: TunnelStates;
  readonly configuration: Configuration;
  readonly log: Logger;
  /** Hears of every call to Slack's Web API and how it went. */
  readonly onCall?: ClientOptions["onCall"];
  readonly botToken: Secret;
  /** Ends in `/api/`; Slack's own when absent. */
  readonly slackApiUrl?: string | undefined;
  readonly transport: Transport;
  /** With its slash, such as `/flower`. */
  readonly commandName: string;
  readonly pace: Pace;
  /** What is known to stand in Slack. */
  readonly receipts: Receipts;
  /** Such as `https://example.slack.com/`. */
  readonly workspaceUrl: string;
  readonly channels: ChannelIds;
  /** How the zones file names a site's own channel, and where. */
  readonly channelsWritten: ReadonlyMap<SiteName, ChannelWritten>;
}

export interface ChannelWritten {
  readonly channel: ChannelId;
  /** Such as `zones.yml, line 14`. */
  readonly where: string;
}

export interface SlackApp {
  /** `port` is null in Socket Mode. */
  start(): Promise<{ readonly port: number | null }>;
  /** Stops listening, ends what is being sent, and leaves the rest to the next start. */
  stop(): Promise<void>;
  /** Whether what people do in Slack reaches the bot: over HTTP as far as can be told from here. */
  isConnected(): boolean;
  /** Messages that wait to be sent. */
  backlog(): number;
  /** As soon as everything that was to be said stands in Slack, but what was given up. */
  idle(): Promise<void>;
}

const LISTENERS = [
  command,
  decisions,
  requests,
  addSite,
  adjust,
  deploySite,
  reject,
  certificate,
  routerKey,
  ownerViews,
  mentions,
  homes,
  channels,
];

export function createSlackApp(options: SlackAppOptions): SlackApp {
  const { federations, configuration, log, channels } = options;
  const slack = createClient(options);
  const availability = new Availability(log, options.slackApiUrl);
  const connection = new ConnectionHealth(availability, log);
  const app = createApp(options, slack, connection);
  let isListening = false;
  const outbox = createOutbox({
    slack,
    receipts: options.receipts,
    notices: (id, missing) => {
      const home = federations.get(id)?.homeChannel;
      return home === undefined ? [] : undelivered(home, missing, channels.newest);
    },
    channels,
    workspaceUrl: options.workspaceUrl,
    pace: options.pace,
    availability,
    log,
    onPlanRefused: () => publisher.withoutPlanBlock(),
    onTold: (id) => publisher.told(id),
    onConcluded: (id) => openHomes.changed(id),
  });
  const outdated = () => outdatedEntries(options);
  const publisher = createPublisher({ federations, outbox, directory: configuration, outdated, log });
  const openHomes = new OpenHomes({
    draw: (person) => drawHome(bot, person),
    mayConcern: (person, id) => mayConcern(bot, person, id),
    publish: async ({ user }, view) => {
      await slack.views.publish({ user_id: user, view });
    },
    pace: options.pace,
    log,
  });
  federations.onChange(({ id }, before, recorded) => {
    if (recorded.some(({ event }) => isSeen(event))) openHomes.changed(id, { isNew: before === null });
  });
  const bot: Bot = {
    homes: openHomes,
    federations,
    zoneChecks: options.zoneChecks,
    certificates: options.certificates,
    tunnelStates: options.tunnelStates,
    configuration,
    slack,
    membership: createMembership(slack, configuration),
    people: createPeople(slack, configuration),
    commandName: options.commandName,
    log,
    channels,
    addressOf: outbox.addressOf,
    buttonUsed: ({ channel, ts, value }) => {
      const id = federationOf(value);
      if (id !== null) outbox.used(id, { channel: channels.first(channel), ts, value });
    },
    channelChanged: outbox.reopen,
    channelRenumbered: async (from, to) => {
      if (!isFollowed({ configuration, federations, channels }, from, to)) return;
      await channels.change(from, to);
      log.warn({ from, to }, "a channel has another id in Slack; its messages follow it");
      tellOperator(options);
      outbox.reopen(channels.first(to));
      publisher.publishAll();
    },
  };
  deduplicateDeliveries(app);
  const dispatcher = new Dispatcher();
  for (const { register } of LISTENERS) register(dispatcher, bot);
  dispatcher.attach(app, async ({ ack }) => {
    const { text, blocks } = help({ command: options.commandName, mayRequest: true, ownsZone: true });
    await ack({ response_type: "ephemeral", text, blocks: [...blocks] });
  });
  app.error(async (error) => log.error({ err: error }, "Slack's delivery could not be handled."));
  return {
    start: async () => {
      const port = await listen(app, options.transport);
      isListening = true;
      outbox.start();
      publisher.start();
      tellOperator(options);
      return { port };
    },
    isConnected: () => isListening && (options.transport.kind === "http" || connection.isUp),
    backlog: () => outbox.backlog(),
    idle: async () => {
      await publisher.idle();
      await outbox.idle();
    },
    stop: async () => {
      await app.stop();
      publisher.stop();
      openHomes.stop();
      await outbox.stop();
    },
  };
}

function createApp(options: SlackAppOptions, slack: webApi.WebClient, connection: ConnectionHealth): App {
  const logger = quietLogger(options.log);
  return new App({
    authorize: identityOf(slack),
    receiver: createReceiver(options, connection),
    logger,
    convoStore: false,
  });
}

function createReceiver({ transport, log, slackApiUrl, pace }: SlackAppOptions, health: ConnectionHealth): Receiver {
  const unreadable = new Unreadable(log);
  switch (transport.kind) {
    case "http": {
      const signingSecret = transport.signingSecret.reveal();
      return createHttpReceiver({ signingSecret, logger: quietLogger(log) }, unreadable);
    }
    case "socket":
      return new SocketReceiver({
        appToken: transport.appToken,
        slackApiUrl,
        retries: { first: pace.retry, longest: pace.longestRetry },
        health,
        unreadable,
        log,
      });
  }
}

const outdatedEntries = ({ channels, channelsWritten }: SlackAppOptions): readonly OutdatedEntry[] =>
  [...channelsWritten].flatMap(([site, { channel: written, where }]) => {
    const now = channels.newest(written);
    return now === written ? [] : [{ site, written, now, where }];
  });

function tellOperator(options: SlackAppOptions): void {
  for (const { site, written, now, where } of outdatedEntries(options)) {
    options.log.warn({ site, where }, `the site's channel ${written} has another id in Slack: write ${now} there`);
  }
}

/** Who the bot is, asked with the first delivery: Slack may be away when the bot starts. */
function identityOf(slack: webApi.WebClient): () => Promise<AuthorizeResult> {
  let known: AuthorizeResult | undefined;
  return async () => {
    if (known === undefined) {
      const { user_id: botUserId, bot_id: botId } = await slack.auth.test();
      known = { ...(botUserId === undefined ? {} : { botUserId }), ...(botId === undefined ? {} : { botId }) };
    }
    return known;
  };
}

async function listen(app: App, transport: Transport): Promise<number | null> {
  if (transport.kind === "socket") {
    await app.start();
    return null;
  }
  const server = await app.start({ host: transport.host, port: transport.port });
  const address = server.address();
  return address === null || typeof address === "string" ? transport.port : address.port;
}
