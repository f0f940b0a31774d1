/** What a failed call to Slack means for whoever made it. */
import { webApi } from "@slack/bolt";

export type SlackFailure =
  /** This method, and only this one, is to rest for so many milliseconds, at most an hour. */
  | { readonly kind: "rate-limited"; readonly waitMs: number }
  /** Slack understood and refused; `error` is its word for why. */
  | { readonly kind: "refused"; readonly error: string }
  /** No usable answer: the network, a proxy, a 5xx. It may still have been done, unless Slack was not reached at all. */
  | { readonly kind: "unanswered"; readonly error: string; readonly mayBeDone: boolean };

/** Slack's words for its own troubles, and for a token that an operator has to mend: the call may be tried again. */
const TRANSIENT: ReadonlySet<string> = new Set([
  "internal_error",
  "fatal_error",
  "service_unavailable",
  "request_timeout",
  "external_channel_migrating",
  "team_added_to_org",
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "missing_scope",
]);

/** The operating system's words for a connection that was not made. */
const NOT_REACHED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** Whatever Slack asks for: nothing rests longer. */
const LONGEST_REST_MS = 3_600_000;

/** `seconds` may be anything that stood in a header. */
const restOf = (seconds: number): number =>
  Number.isNaN(seconds) ? LONGEST_REST_MS : Math.min(LONGEST_REST_MS, Math.max(1, seconds) * 1000);

export function failureOf(error: unknown): SlackFailure {
  if (error instanceof webApi.WebAPIRateLimitedError) {
    return { kind: "rate-limited", waitMs: restOf(error.retryAfter) };
  }
  if (error instanceof webApi.WebAPIPlatformError) {
    const word = error.data.error;
    if (word === "ratelimited" || word === "rate_limited") return { kind: "rate-limited", waitMs: 30_000 };
    if (TRANSIENT.has(word)) return { kind: "unanswered", error: word, mayBeDone: false };
    return { kind: "refused", error: word };
  }
  const words = wordsOf(error);
  return { kind: "unanswered", error: words, mayBeDone: !NOT_REACHED.has(words) };
}

/** What the operating system calls it, which libraries hang several errors deep; else the library's own words. */
function wordsOf(error: unknown): string {
  let words = error instanceof Error ? error.message : String(error);
  for (let at = error, depth = 0; at instanceof Error && depth < 5; depth += 1) {
    if ("code" in at && typeof at.code === "string" && !at.code.startsWith("slack_")) words = at.code;
    at = "original" in at ? at.original : at.cause;
  }
  return words;
}
