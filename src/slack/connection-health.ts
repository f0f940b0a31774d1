/** Why the bot has no connection to Slack, told once with what to do, and that it has one again. */
import type { Log } from "../federation/ports.ts";
import { type Availability, isAboutToken, tokenWords } from "./availability.ts";
import type { SlackFailure } from "./slack-error.ts";

export type ConnectionTrouble =
  /** Slack's Web API gave no address to connect to. */
  | { readonly kind: "no-address"; readonly failure: SlackFailure }
  /** Nothing, or not Slack, answers at the address that it gave. */
  | { readonly kind: "no-connection"; readonly host: string; readonly error: string }
  | { readonly kind: "switched-off" };

const GOES_ON = "The bot goes on trying; until then nobody's clicks reach it.";
const SWITCH = "Switch it on at the app's page “Socket Mode”, or set FLORIST_TRANSPORT=http.";

export class ConnectionHealth {
  readonly #availability: Availability;
  readonly #log: Log;
  #told: string | null = null;
  #stands = 0;

  constructor(availability: Availability, log: Log) {
    this.#availability = availability;
    this.#log = log;
  }

  /** Whether there is a connection at the moment. */
  get isUp(): boolean {
    return this.#stands > 0;
  }

  /** `closed` resolves when the connection has ended; another one may stand by then. */
  stands(closed: Promise<void>): void {
    this.#stands += 1;
    void closed.then(() => {
      this.#stands -= 1;
    });
    this.#availability.answered();
    if (this.#told === null) return;
    this.#told = null;
    this.#log.info({}, "The connection to Slack stands: people are answered.");
  }

  failed(trouble: ConnectionTrouble): void {
    const words = this.#wordsOf(trouble);
    if (words === null || words === this.#told) return;
    this.#told = words;
    this.#log.warn({}, words);
  }

  /** null where somebody else tells it, or nothing is wrong that would last. */
  #wordsOf(trouble: ConnectionTrouble): string | null {
    switch (trouble.kind) {
      case "switched-off":
        return `Socket Mode is switched off for the app. ${SWITCH} ${GOES_ON}`;
      case "no-connection":
        return `The bot cannot connect to Slack at ${trouble.host} (${trouble.error}). Let this machine reach that host over WebSockets, or set FLORIST_TRANSPORT=http. ${GOES_ON}`;
      case "no-address":
        return this.#wordsOfCall(trouble.failure);
    }
  }

  #wordsOfCall(failure: SlackFailure): string | null {
    if (failure.kind === "rate-limited") return null;
    if (isAboutToken(failure.error) || failure.error === "missing_scope")
      return `${tokenWords("app", failure.error)} ${GOES_ON}`;
    if (failure.kind === "refused")
      return `Slack opens no connection for the bot (${failure.error}). ${SWITCH} ${GOES_ON}`;
    this.#availability.failed(failure);
    return null;
  }
}
