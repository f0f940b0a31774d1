/** What follows from an outcome that is not what was wanted. Pure, but for the counts of attempts. */
import { isClosedChannel } from "../refusals.ts";
import type { SlackFailure } from "../slack-error.ts";
import type { Attempts } from "./attempts.ts";
import { backoff, type Pace } from "./pace.ts";
import type { Step } from "./step.ts";

export type Verdict =
  /** It waits for so many milliseconds; 0 where somebody else knows how long. */
  | { readonly kind: "again"; readonly wait: number; readonly because: string }
  /** Slack was not reached: everything in the channel waits, and this message for so many milliseconds at least. */
  | { readonly kind: "channel-waits"; readonly wait: number; readonly because: string }
  | { readonly kind: "given-up"; readonly because: string }
  /** What was to be rewritten does not exist any more. */
  | { readonly kind: "lost" }
  | { readonly kind: "plan-refused" };

/** How often a content that Slack refuses is tried before it is given up. */
const TRIES = 3;
/** How often Slack is asked whether an uploaded file has been shared; each wait is twice the one before. */
const LOOKS = 6;
/** How often such a question may stay without an answer. */
const UNANSWERED_LOOKS = 20;

/** Slack's words for blocks that it does not take. */
const ABOUT_BLOCKS: ReadonlySet<string> = new Set(["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"]);

/** Slack's words for a message that is not there, or that another app or an earlier installation of this one posted. */
const NOT_OURS: ReadonlySet<string> = new Set(["message_not_found", "cant_update_message"]);

export interface Circumstances {
  readonly attempts: Attempts;
  readonly pace: Pace;
  /** Whether this workspace is known to refuse Slack's plan block. */
  readonly planWasRefused: boolean;
}

export function onNotShared({ message, content }: Step, { attempts, pace }: Circumstances): Verdict {
  const attempt = attempts.of(message.key, content);
  attempt.looks += 1;
  if (attempt.looks >= LOOKS) return { kind: "given-up", because: "the file was not shared" };
  return { kind: "again", wait: pace.fileLook * 2 ** (attempt.looks - 1), because: "the file is not shared yet" };
}

export function onFailure(step: Step, failure: SlackFailure, circumstances: Circumstances): Verdict {
  switch (failure.kind) {
    case "rate-limited":
      return { kind: "again", wait: 0, because: "rate limit" };
    case "unanswered":
      return step.kind === "look"
        ? onUnansweredLook(step, failure.error, circumstances)
        : { kind: "channel-waits", wait: waitUnheard(step, failure, circumstances), because: failure.error };
    case "refused":
      return onRefusal(step, failure.error, circumstances);
  }
}

/**
 * What may stand already stands once more with each try, and nobody can ask Slack without reading channels: so each try
 * is twice as late as the one before, whatever else the channel takes meanwhile.
 */
function waitUnheard(
  { kind, message }: Step,
  { mayBeDone }: SlackFailure & { readonly kind: "unanswered" },
  { attempts, pace }: Circumstances,
): number {
  if (kind === "rewrite" || !mayBeDone) return 0;
  return backoff({ ...pace, longestRetry: Number.POSITIVE_INFINITY }, attempts.countUnheard(message.key));
}

/** A question about a file holds up nobody else. */
function onUnansweredLook({ message, content }: Step, error: string, { attempts, pace }: Circumstances): Verdict {
  const attempt = attempts.of(message.key, content);
  attempt.unanswered += 1;
  if (attempt.unanswered >= UNANSWERED_LOOKS) return { kind: "given-up", because: error };
  return { kind: "again", wait: backoff(pace, attempt.unanswered), because: error };
}

function onRefusal(step: Step, error: string, { attempts, pace, planWasRefused }: Circumstances): Verdict {
  const { message, content } = step;
  if (isClosedChannel(error)) return { kind: "given-up", because: error };
  if (step.kind === "rewrite" && NOT_OURS.has(error)) return { kind: "lost" };
  const attempt = attempts.of(message.key, content);
  if (ABOUT_BLOCKS.has(error) && message.kind !== "file" && !attempt.isTextOnly) {
    if (!planWasRefused && message.blocks.some(({ type }) => type === "plan")) return { kind: "plan-refused" };
    attempt.isTextOnly = true;
    return { kind: "again", wait: 0, because: error };
  }
  attempt.refusals += 1;
  if (attempt.refusals >= TRIES) return { kind: "given-up", because: error };
  return { kind: "again", wait: backoff(pace, attempt.refusals), because: error };
}
