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
const TRANSIENT: ReadonlySet<string> = new Set([
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
    return { kind: TRANSIENT.has(word) ? "unanswered" : "refused", error: word };
  }
  return { kind: "unanswered", error: error instanceof Error ? error.message : String(error) };
}
