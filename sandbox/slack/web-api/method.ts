import { z } from "zod";
import type { Checked } from "../block-kit/check.ts";
import type { Slack } from "../state/slack.ts";

/** Slack's refusal of a call: `{ok: false, error, …}`. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly error: string;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(error: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(error);
    this.error = error;
    this.extra = extra;
  }
}

export type Args = Readonly<Record<string, unknown>>;
type Answer = Readonly<Record<string, unknown>>;

export interface Method {
  /** Any one of these scopes is needed; none for an empty list. */
  readonly scopes: readonly string[];
  readonly perMinute: number;
  /** Some methods take forms only: what a JSON body says is not seen. */
  readonly takesJson: boolean;
  /** @throws Refusal */
  readonly run: (slack: Slack, args: Args) => Answer;
}

/** Reads a call's arguments. @throws Refusal naming what is missing */
export function readArgs<T>(schema: z.ZodType<T>, args: Args): T {
  const parsed = schema.safeParse(args);
  if (parsed.success) return parsed.data;
  const messages = parsed.error.issues.map(({ path }) => {
    const field = path.map(String).join(".");
    return args[field] === undefined ? `[ERROR] missing required field: ${field}` : `[ERROR] invalid value: ${field}`;
  });
  throw new Refusal("invalid_arguments", { response_metadata: { messages } });
}

/** A form carries a structure as JSON text, a JSON body carries it as it is. */
export const structured = z.preprocess((value) => {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}, z.unknown());

/** Forms know text only. */
export const count = z.preprocess((value) => (value === undefined ? undefined : Number(value)), z.int().optional());

/** @throws Refusal with Slack's `errors` and `response_metadata.messages` */
export function accept<T>(checked: Checked<T>): T {
  if (checked.ok) return checked.value;
  const { error, complaints } = checked;
  if (complaints.length === 0) throw new Refusal(error);
  const messages = complaints.map((each) => `[ERROR] ${each}`);
  throw new Refusal(error, {
    ...(error === "invalid_blocks" ? { errors: complaints } : {}),
    response_metadata: { messages },
  });
}

/** @throws Refusal `missing_scope` */
export function needScope(slack: Slack, scopes: readonly string[]): void {
  const { scopes: provided } = slack.options;
  if (scopes.length === 0 || scopes.some((scope) => provided.includes(scope))) return;
  throw new Refusal("missing_scope", { needed: scopes.join(","), provided: provided.join(",") });
}
