/** What the doctor says of one thing that it was to look at. */

/** Programs go by these: a code is not renamed. */
export type CheckCode =
  | "configuration"
  | "data-directory"
  | "store-key"
  | "authorities"
  | "slack-bot-token"
  | "slack-scopes"
  | "slack-app-token"
  | "slack-delivery"
  | "channel"
  | "channel-id"
  | "channel-owners"
  | "person"
  | "clock"
  | "zone-pool"
  | "zone-pool-login"
  | "zone-reach"
  | "zone-account"
  | "zone-rights"
  | "zone-version"
  | "zone-rules"
  | "zone-templates"
  | "zone-images"
  | "zone-network"
  | "zone-quotas"
  | "zone-alternatives"
  | "zone-offers";

export type Verdict =
  | "ok"
  /** It works, and should be mended. */
  | "warning"
  /** Something will not work. */
  | "fault"
  | "not-looked-at";

export interface Check {
  readonly code: CheckCode;
  /** What was looked at, such as `zone-a`, `C0123ABCD` or `SLACK_BOT_TOKEN`. */
  readonly subject: string;
  readonly verdict: Verdict;
  /** One sentence. Of what was not looked at, why. */
  readonly sentence: string;
  /** What to do; null where there is nothing. */
  readonly remedy: string | null;
}

type About = Pick<Check, "code" | "subject">;

export const ok = ({ code, subject }: About, sentence: string): Check => ({
  code,
  subject,
  verdict: "ok",
  sentence,
  remedy: null,
});

export const warning = ({ code, subject }: About, sentence: string, remedy: string): Check => ({
  code,
  subject,
  verdict: "warning",
  sentence,
  remedy,
});

export const fault = ({ code, subject }: About, sentence: string, remedy: string): Check => ({
  code,
  subject,
  verdict: "fault",
  sentence,
  remedy,
});

/** `what` begins the sentence and `because` ends it: "The channels were not looked at, because Slack does not answer." */
export const notLookedAt = ({ code, subject }: About, what: string, because: string): Check => ({
  code,
  subject,
  verdict: "not-looked-at",
  sentence: `${what} not looked at, because ${because}.`,
  remedy: null,
});
