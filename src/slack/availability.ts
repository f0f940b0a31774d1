/** That Slack is away, and that it is back, each told once: whoever reads the log acts on the first line. */
import type { Log } from "../federation/ports.ts";
import type { SlackFailure } from "./slack-error.ts";

/** Slack's words for a token that it does not take, which an operator has to mend. */
const ABOUT_TOKEN: ReadonlySet<string> = new Set([
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "not_allowed_token_type",
]);

export const isAboutToken = (error: string): boolean => ABOUT_TOKEN.has(error);

const TOKENS = {
  bot: "the bot token (%). Put the one that the app's page “OAuth & Permissions” shows into SLACK_BOT_TOKEN",
  app: "the app-level token (%). Put one with the scope connections:write, from the app's page “Basic Information”, into SLACK_APP_TOKEN",
} as const;

/** What to do about a token; `error` is Slack's word. */
export const tokenWords = (token: keyof typeof TOKENS, error: string): string =>
  `Slack does not take ${TOKENS[token].replace("%", error)}, and start the bot again.`;

export class Availability {
  readonly #log: Log;
  readonly #where: string;
  #isAway = false;

  /** `where` is the base of Slack's Web API. */
  constructor(log: Log, where = "https://slack.com/api/") {
    this.#log = log;
    this.#where = where;
  }

  answered(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#log.info({}, "Slack answers again: what was to be said is said now.");
  }

  failed(failure: SlackFailure): void {
    // What Slack refuses it has answered.
    if (failure.kind !== "unanswered") this.answered();
    else if (!this.#isAway) this.#goesAway(failure.error);
  }

  #goesAway(error: string): void {
    this.#isAway = true;
    this.#log.warn({}, isAboutToken(error) ? tokenWords("bot", error) : this.#unreached(error));
  }

  #unreached(error: string): string {
    return `Slack does not answer at ${this.#where} (${error}). The bot goes on trying and loses nothing; check this machine's way to the internet, and SLACK_API_URL if it is set.`;
  }
}
