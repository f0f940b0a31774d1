/** What a failed call to Slack means for whoever made it. */
import { webApi } from "@slack/bolt";

export type SlackFailure =
  /** This method, and only this one, is to rest for so many milliseconds. */
  | { readonly kind: "rate-limited"; readonly waitMs: number }
  /** Slack understood and refused; `error` is its word for why. */
  | { readonly kind: "refused"; readonly error: string }
  /** No usable answer: the network, a proxy, a 5xx. */
  | { readonly kind: "unanswered"; readonly error: string };

/** Slack's words for its own troubles, and for a token that an operator has to mend: the call may be tried again. */
const PASSING: ReadonlySet<string> = new Set([
  "internal_error",
  "fatal_error",
  "service_unavailable",
  "request_timeout",
  "team_added_to_org",
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "missing_scope",
]);

export function failureOf(error: unknown): SlackFailure {
  if (error instanceof webApi.WebAPIRateLimitedError) {
    return { kind: "rate-limited", waitMs: Math.max(1, error.retryAfter) * 1000 };
  }
  if (error instanceof webApi.WebAPIPlatformError) {
    const word = error.data.error;
    if (word === "ratelimited" || word === "rate_limited") return { kind: "rate-limited", waitMs: 30_000 };
    return { kind: PASSING.has(word) ? "unanswered" : "refused", error: word };
  }
  return { kind: "unanswered", error: error instanceof Error ? error.message : String(error) };
}

/** The channel does not take messages from the bot until somebody changes something there. */
const CLOSED: Readonly<Record<string, string>> = {
  channel_not_found: "the app is not a member of it, or it no longer exists",
  not_in_channel: "the app is not a member of it",
  is_archived: "it is archived",
  restricted_action: "its settings let nobody but some people post",
  restricted_action_read_only_channel: "it is read-only",
  restricted_action_thread_only_channel: "it takes threads only",
  restricted_action_non_threadable_channel: "it takes no threads",
};
export const isClosedChannel = (error: string): boolean => error in CLOSED;

/** Ends the sentence "I cannot post in that channel, because …". */
export const whyClosed = (error: string): string => CLOSED[error] ?? `Slack answers ${error}`;
