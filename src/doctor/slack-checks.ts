/** What Slack's answers say of tokens and scopes. */
import { isAboutToken, tokenWords } from "../slack/availability.ts";
import type { SlackFailure } from "../slack/slack-error.ts";
import { type Check, fault, notLookedAt, ok, warning } from "./check.ts";
import type { Asked, Identity } from "./slack-look.ts";

const BOT = { code: "slack-bot-token", subject: "SLACK_BOT_TOKEN" } as const;
const APP = { code: "slack-app-token", subject: "SLACK_APP_TOKEN" } as const;
const SCOPES = { code: "slack-scopes", subject: "SLACK_BOT_TOKEN" } as const;
const REINSTALL =
  "Add them at the app's page “OAuth & Permissions”, or paste app-manifest.yml anew at “App Manifest”, and install the app again.";

/** Slack is there, and the bot token is what it does not take. */
export const isTokenRefused = (failure: SlackFailure): boolean =>
  failure.kind !== "rate-limited" && isAboutToken(failure.error);

/** Ends the sentence "It was not looked at, because …". */
export function whyUnasked(failure: SlackFailure): string {
  switch (failure.kind) {
    case "rate-limited":
      return `Slack asks for a pause of ${Math.ceil(failure.waitMs / 1000)} s`;
    case "refused":
      return `Slack answers ${failure.error}`;
    case "unanswered":
      return `Slack does not answer (${failure.error})`;
  }
}

function tokenFault(about: typeof BOT | typeof APP, kind: "bot" | "app", failure: SlackFailure, apiUrl: string): Check {
  if (failure.kind === "rate-limited") return notLookedAt(about, `${about.subject} was`, whyUnasked(failure));
  if (isAboutToken(failure.error) || (kind === "app" && failure.error === "missing_scope")) {
    const [problem = "", remedy = ""] = tokenWords(kind, failure.error)
      .replace(", and start the bot again.", ".")
      .split(/(?<=\.) /);
    return fault(about, problem, remedy);
  }
  if (failure.kind === "refused" && kind === "app") {
    const remedy = "Switch Socket Mode on at the app's page “Socket Mode”, or set FLORIST_TRANSPORT=http.";
    return fault(about, `Slack opens no connection for the bot (${failure.error}).`, remedy);
  }
  const remedy = "Check this machine's way to the internet, and SLACK_API_URL if it is set.";
  return fault(about, `Slack does not answer at ${apiUrl} (${failure.error}).`, remedy);
}

export function botTokenChecks(asked: Asked<Identity>, needed: readonly string[], apiUrl: string): readonly Check[] {
  if (!asked.ok) return [tokenFault(BOT, "bot", asked.failure, apiUrl)];
  const { workspace, teams, scopes } = asked.value;
  return [
    ok(BOT, `Slack takes the bot token: it belongs to ${workspace} (${teams.join(", ")}).`),
    scopeCheck(scopes, needed),
  ];
}

function scopeCheck(granted: Identity["scopes"], needed: readonly string[]): Check {
  if (granted === null) return notLookedAt(SCOPES, "The bot token's scopes were", "Slack does not name them");
  const missing = needed.filter((scope) => !granted.includes(scope));
  if (missing.length > 0) return fault(SCOPES, `The bot token lacks ${scopesWord(missing)}.`, REINSTALL);
  const surplus = granted.filter((scope) => !needed.includes(scope));
  if (surplus.length > 0) {
    const remedy = "Take them out at the app's page “OAuth & Permissions”, and install the app again.";
    return warning(SCOPES, `The bot token has ${scopesWord(surplus)}, which the bot does not use.`, remedy);
  }
  return ok(SCOPES, `The bot token has the ${needed.length} scopes of app-manifest.yml and no other.`);
}

const scopesWord = (scopes: readonly string[]): string =>
  `the scope${scopes.length === 1 ? "" : "s"} ${scopes.join(", ")}`;

export const appTokenCheck = (asked: Asked<unknown>, apiUrl: string): Check =>
  asked.ok
    ? ok(APP, "Slack takes the app-level token, and Socket Mode is on.")
    : tokenFault(APP, "app", asked.failure, apiUrl);

/** With HTTP it is Slack that calls: nothing that the bot could ask shows whether it will. */
export const deliveryOverHttp: Check = ok(
  { code: "slack-delivery", subject: "FLORIST_TRANSPORT" },
  "Slack connects to the bot: its page “Event Subscriptions” says whether it reaches the request URL, once the bot runs.",
);
