import { randomBytes, randomUUID } from "node:crypto";
import { createDeliveries, type Deliveries } from "../delivery.ts";
import { createRecord, type Recorder } from "../record.ts";
import { SocketMode } from "../socket-mode/socket-mode.ts";
import type { WorldSeed } from "../world/seed.ts";
import { createWorld, type World } from "../world/world.ts";
import { type Changes, createChanges } from "./changes.ts";
import { createFiles, type Files } from "./files.ts";
import { createIds, type Ids } from "./ids.ts";
import { createMessages, type Messages } from "./messages.ts";
import { createRates, type Rates } from "./rates.ts";
import { createReplyUrls, type ReplyUrls } from "./reply-urls.ts";
import { createSettings, nextDisturbance, type Settings } from "./settings.ts";
import { createTriggers, type Triggers } from "./triggers.ts";
import { createViews, type Views } from "./views.ts";

const TRIGGER_LIFETIME_MS = 3000;

export interface SlackOptions {
  readonly seed: WorldSeed;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  /** The app's request URL; it can also be told later. Without one the app is reached in Socket Mode. */
  readonly eventsUrl?: string | undefined;
  readonly scopes: readonly string[];
  /** Event types that the app is subscribed to. */
  readonly events: readonly string[];
  readonly refusedBlocks: readonly string[];
  readonly rateLimits: boolean;
  /** Divides the waiting times of Slack: file shares, retries of events, rate limits. The app's three seconds stay. */
  readonly speed: number;
  readonly recordFile?: string | undefined;
  /** How long a `trigger_id` can be exchanged; Slack's three seconds by default. */
  readonly triggerLifetimeMs?: number;
}

/** One call of the app, as `GET /control/calls` lists it. Tokens are not among the arguments. */
interface ApiCall {
  readonly n: number;
  readonly at: string;
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** 0 if the call got no answer on purpose. */
  readonly status: number;
  readonly ok: boolean;
  readonly error?: string | undefined;
}

/** Everything the stand-in knows. */
export interface Slack {
  readonly options: SlackOptions;
  readonly world: World;
  readonly ids: Ids;
  readonly changes: Changes;
  readonly messages: Messages;
  readonly views: Views;
  readonly triggers: Triggers;
  readonly replyUrls: ReplyUrls;
  readonly files: Files;
  readonly rates: Rates;
  readonly settings: Settings;
  readonly deliveries: Deliveries;
  readonly sockets: SocketMode;
  readonly record: Recorder;
  readonly calls: ApiCall[];
  /** The verification token that old apps compare; it signs nothing. */
  readonly verificationToken: string;
  /** Where the stand-in listens, such as `http://127.0.0.1:4000`. */
  readonly url: () => string;
  /** Does something after a while, unless the stand-in ends first. */
  readonly later: (ms: number, action: () => void) => void;
  /** Drops everything that is still to come. */
  readonly stop: () => void;
}

/** @param url tells the stand-in's own address, once it listens */
export function createSlack(options: SlackOptions, url: () => string): Slack {
  const ids = createIds();
  const changes = createChanges();
  const world = createWorld(options.seed);
  const settings = createSettings(options.refusedBlocks, options.speed);
  const verificationToken = randomBytes(12).toString("hex");
  const secrets = [options.botToken, options.appToken, options.signingSecret, verificationToken];
  const record = createRecord(options.recordFile, secrets);
  const timers = new Set<NodeJS.Timeout>();
  const later = (ms: number, action: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      action();
    }, ms / settings.speed);
    timers.add(timer);
  };
  const sockets = new SocketMode({
    appId: world.app.id,
    url,
    nextDisturbance: () => nextDisturbance(settings),
    later,
    note: changes.note,
  });
  return {
    options,
    world,
    ids,
    changes,
    settings,
    record,
    url,
    verificationToken,
    messages: createMessages(changes.note),
    views: createViews(() => ids.object("V"), ids.timestamp, changes.note),
    triggers: createTriggers(ids.trigger, options.triggerLifetimeMs ?? TRIGGER_LIFETIME_MS),
    replyUrls: createReplyUrls(
      url,
      () => `/actions/${world.home.id}/${ids.object("R")}/${randomBytes(12).toString("hex")}`,
    ),
    files: createFiles(() => ids.object("F")),
    rates: createRates(options.rateLimits, () => settings.speed),
    deliveries: createDeliveries({
      signingSecret: options.signingSecret,
      eventsUrl: options.eventsUrl,
      sockets,
      newId: () => randomUUID(),
      twice: () => settings.twice,
      record,
      note: changes.note,
    }),
    sockets,
    calls: [],
    later,
    stop: () => {
      sockets.close();
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      changes.release();
    },
  };
}
