/** How the bot calls Slack: once, in time, and by the id that Slack knows a channel by now. */
import { webApi } from "@slack/bolt";
import type { Logger } from "pino";
import { channelId } from "../federation/model/identity.ts";
import type { ChannelIds } from "../federation/ports.ts";
import type { Secret } from "../secret.ts";
import { quietLogger } from "./sdk-logger.ts";
import { failureOf, type SlackFailure } from "./slack-error.ts";

export interface ClientOptions {
  readonly botToken: Secret;
  /** Ends in `/api/`; Slack's own when absent. */
  readonly slackApiUrl?: string | undefined;
  readonly channels: ChannelIds;
  /** Hears of every call and how it went. */
  readonly onCall?: ((method: string, outcome: "answered" | SlackFailure["kind"]) => void) | undefined;
  readonly log: Logger;
}

/** The library repeats nothing by itself: the outbox tries again in its own time, and people are told at once. */
const RETRIES = { retries: 0 };
const CALL_TIMEOUT_MS = 10_000;

export const createClient = (options: ClientOptions): webApi.WebClient => new Client(options);

class Client extends webApi.WebClient {
  readonly #channels: ChannelIds;
  readonly #onCall: ClientOptions["onCall"];

  constructor({ botToken, slackApiUrl, channels, onCall, log }: ClientOptions) {
    super(botToken.reveal(), {
      ...(slackApiUrl === undefined ? {} : { slackApiUrl }),
      rejectRateLimitedCalls: true,
      retryConfig: RETRIES,
      timeout: CALL_TIMEOUT_MS,
      logger: quietLogger(log),
    });
    this.#channels = channels;
    this.#onCall = onCall;
  }

  override async apiCall(method: string, options: Record<string, unknown> = {}): Promise<webApi.WebAPICallResult> {
    const named = ["channel", "channel_id"].flatMap((name) => {
      const channel = channelId.safeParse(options[name]);
      return channel.success ? [[name, this.#channels.newest(channel.data)]] : [];
    });
    try {
      const answer = await super.apiCall(method, { ...options, ...Object.fromEntries(named) });
      this.#onCall?.(method, "answered");
      return answer;
    } catch (error) {
      this.#onCall?.(method, failureOf(error).kind);
      throw error;
    }
  }
}
