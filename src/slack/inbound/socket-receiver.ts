/**
 * Slack's deliveries over a connection that the bot opens itself. Another one is opened before Slack ends it, and at once
 * when it breaks. Every envelope is acknowledged, also what cannot be read: left alone it would come again and again.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { App, Receiver } from "@slack/bolt";
import type { Logger } from "pino";
import type { Secret } from "../../secret.ts";
import type { ConnectionHealth } from "../connection-health.ts";
import { quietLogger } from "../sdk-logger.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { isDelivery } from "./deliveries.ts";
import { type EnvelopeOfSlack, type OpeningFailure, SocketConnection } from "./socket-connection.ts";
import type { Unreadable } from "./unreadable.ts";

export interface SocketReceiverOptions {
  readonly appToken: Secret;
  /** Ends in `/api/`; Slack's own when absent. */
  readonly slackApiUrl?: string | undefined;
  /** Milliseconds between attempts, doubled from the first to the longest. */
  readonly retries: { readonly first: number; readonly longest: number };
  readonly health: ConnectionHealth;
  readonly unreadable: Unreadable;
  readonly log: Logger;
}

const CALL_TIMEOUT_MS = 10_000;
/** A living end answers pings within so many milliseconds, on a busy machine too. */
const PONG_TIMEOUT_MS = 15_000;
/** However long other things may wait: clicks are lost while there is no connection. */
const LONGEST_PAUSE_MS = 30_000;
/** One that lasted less long and brought nothing was none: then the next one is not opened at once. */
const SHORT_MS = 5_000;
/** Slack ends the connection that was replaced; after so many milliseconds the bot does. */
const OVERLAP_MS = 30_000;
/** Slack waits as long for an acknowledgement. */
const ACKNOWLEDGING_MS = 3_000;
/** Acknowledgements that wait for a connection. */
const MOST_UNSAID = 100;

export class SocketReceiver implements Receiver {
  readonly #options: SocketReceiverOptions;
  readonly #acknowledgements = new Acknowledgements();
  /** The newest last. */
  readonly #open = new Set<SocketConnection>();
  /** Those over which something came. */
  readonly #brought = new WeakSet<SocketConnection>();
  readonly #unsaid: string[] = [];
  readonly #stopping = new AbortController();
  #app: App | undefined;

  constructor(options: SocketReceiverOptions) {
    this.#options = options;
  }

  init(app: App): void {
    this.#app = app;
  }

  /** Resolves with the first connection, or when it is known that there is none yet: then it goes on trying. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stayConnected(resolve).catch(reject);
    });
  }

  /** What is being handled is acknowledged; what comes from now on is left for the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#acknowledgements.idle(ACKNOWLEDGING_MS);
    await Promise.all([...this.#open].map((connection) => connection.end()));
  }

  async #stayConnected(isKnown: () => void): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const connection = this.#newConnection();
      const failure = await connection.open();
      if (failure === null) {
        const wasOfUse = await this.#use(connection, isKnown);
        failures = wasOfUse ? 0 : failures + 1;
        if (failures <= 1) continue;
      } else {
        if (!this.#stopping.signal.aborted) this.#options.health.failed(failure);
        failures += 1;
      }
      isKnown();
      await this.#rest(failures, failure);
    }
    isKnown();
  }

  #newConnection(): SocketConnection {
    const { appToken, slackApiUrl, log, unreadable } = this.#options;
    return new SocketConnection(
      {
        appToken: appToken.reveal(),
        clientPingTimeout: PONG_TIMEOUT_MS,
        logger: quietLogger(log),
        clientOptions: {
          ...(slackApiUrl === undefined ? {} : { slackApiUrl }),
          retryConfig: { retries: 0 },
          rejectRateLimitedCalls: true,
          timeout: CALL_TIMEOUT_MS,
        },
      },
      {
        envelope: (envelope, from) => void this.#take(envelope, from),
        unreadable: () => unreadable.found(),
      },
    );
  }

  /** Until another one is needed; false where this one brought nothing and did not last. */
  async #use(connection: SocketConnection, isKnown: () => void): Promise<boolean> {
    if (this.#stopping.signal.aborted) {
      await connection.end();
      return false;
    }
    const began = performance.now();
    for (const replaced of this.#open) setTimeout(() => void replaced.end(), OVERLAP_MS).unref();
    this.#open.add(connection);
    void connection.closed.then(() => this.#open.delete(connection));
    this.#options.health.stands(connection.closed);
    isKnown();
    for (const text of this.#unsaid.splice(0)) this.#say(text, connection);
    const why = await connection.leaving;
    if (why === "switched-off" && !this.#stopping.signal.aborted) this.#options.health.failed({ kind: "switched-off" });
    return this.#brought.has(connection) || performance.now() - began >= SHORT_MS;
  }

  async #rest(failures: number, failure: OpeningFailure | null): Promise<void> {
    const { first, longest } = this.#options.retries;
    const asked =
      failure?.kind === "no-address" && failure.failure.kind === "rate-limited" ? failure.failure.waitMs : 0;
    const own = Math.min(longest, LONGEST_PAUSE_MS, first * 2 ** Math.min(failures - 1, 20));
    const wait = asked > 0 ? 2 * asked : own;
    // Stopping ends it.
    await pause(wait * (1 - Math.random() / 2), undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  async #take({ id, body, retry }: EnvelopeOfSlack, from: SocketConnection): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#brought.add(from);
    const answer = this.#acknowledgements.of(id);
    if (answer !== undefined) {
      if (answer !== null) this.#say(answer, from);
      return;
    }
    this.#acknowledgements.begin(id);
    const acknowledge = (response?: unknown): void => {
      const text = this.#acknowledgements.conclude(id, response);
      if (text !== null) this.#say(text, from);
    };
    if (this.#app === undefined || !isObject(body) || !isDelivery(body)) {
      this.#options.unreadable.found();
      acknowledge();
      return;
    }
    try {
      await this.#app.processEvent({
        body,
        ack: async (response?: unknown) => acknowledge(response),
        ...(retry.attempt === undefined ? {} : { retryNum: retry.attempt }),
        ...(retry.reason === undefined ? {} : { retryReason: retry.reason }),
      });
    } catch {
      this.#options.unreadable.found();
    }
    acknowledge();
  }

  /** Over the connection that it is about, or any other; kept for the next one where there is none. */
  #say(text: string, about: SocketConnection): void {
    const others = [...this.#open].reverse();
    if ([about, ...others].some((connection) => connection.say(text))) return;
    this.#unsaid.push(text);
    if (this.#unsaid.length > MOST_UNSAID) this.#unsaid.shift();
  }
}

const isObject = (body: unknown): body is Record<string, unknown> => typeof body === "object" && body !== null;
