import { json, type Reply } from "../http.ts";
import { nextFailure } from "../state/settings.ts";
import type { Slack } from "../state/slack.ts";
import type { Args } from "./method.ts";

/** Answers a call of the app, unless the settings have a failure ready for it; a lost answer is one that was given. */
export async function answerUnlessFailing(
  slack: Slack,
  method: string,
  args: Args,
  answer: () => Reply | Promise<Reply>,
): Promise<Reply> {
  const failure = nextFailure(slack.settings, method);
  switch (failure?.how) {
    case undefined:
      return answer();
    case "lost-answer":
      await answer();
      return { kind: "cut" };
    case "hang":
      logCall(slack, method, args, { status: 0, ok: false, error: "hang" });
      return { kind: "hang" };
    case "500":
      logCall(slack, method, args, { status: 500, ok: false, error: "internal_error" });
      return json(500, { ok: false, error: "internal_error" });
    case "429":
      logCall(slack, method, args, { status: 429, ok: false, error: "ratelimited" });
      return rateLimited(failure.retryAfterS);
  }
}

export function rateLimited(seconds: number): Reply {
  return json(429, { ok: false, error: "ratelimited" }, { "retry-after": String(seconds) });
}

/** Notes a call for `GET /control/calls`; the token is left out. */
export function logCall(
  slack: Slack,
  method: string,
  args: Args,
  outcome: { readonly status: number; readonly ok: boolean; readonly error?: string | undefined },
): void {
  const { token: _token, ...shown } = args;
  slack.calls.push({ n: slack.calls.length + 1, at: new Date().toISOString(), method, args: shown, ...outcome });
  slack.changes.note();
}
