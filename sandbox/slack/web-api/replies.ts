import { z } from "zod";
import { json, parseJson, type Reply, type Request, text } from "../http.ts";
import type { ReplyTarget } from "../state/reply-urls.ts";
import type { Slack } from "../state/slack.ts";
import { readContent } from "./chat.ts";
import { answerUnlessFailing, logCall } from "./failure.ts";
import { Refusal } from "./method.ts";

const said = z.object({
  text: z.string().optional(),
  blocks: z.unknown().optional(),
  response_type: z.enum(["ephemeral", "in_channel"]).optional(),
  replace_original: z.union([z.boolean(), z.enum(["true", "false"])]).optional(),
  delete_original: z.union([z.boolean(), z.enum(["true", "false"])]).optional(),
  thread_ts: z.string().optional(),
});

/** Answers a POST to a `response_url`. */
export function answerReply(slack: Slack, request: Request): Promise<Reply> {
  const raw = parseJson(request.body.toString());
  const args = { path: request.path, ...(typeof raw === "object" && raw !== null ? raw : {}) };
  return answerUnlessFailing(slack, "response_url", args, () => {
    const refusal = useReplyUrl(slack, request.path, raw);
    const { status, error } = refusal ?? { status: 200, error: undefined };
    logCall(slack, "response_url", args, { status, ok: refusal === undefined, error });
    return refusal === undefined ? text(200, "ok") : json(status, { ok: false, error });
  });
}

interface ReplyRefusal {
  readonly status: number;
  readonly error: string;
}

function useReplyUrl(slack: Slack, path: string, raw: unknown): ReplyRefusal | undefined {
  const used = slack.replyUrls.use(path);
  if (!used.ok) return { status: 404, error: used.error };
  return sayBack(slack, used.target, raw);
}

/**
 * Posts what an app says through a `response_url`, or in its acknowledgement of a command.
 * @returns what was wrong with it, or nothing
 */
export function sayBack(slack: Slack, target: ReplyTarget, raw: unknown): ReplyRefusal | undefined {
  const parsed = said.safeParse(raw);
  if (!parsed.success) return { status: 400, error: "invalid_payload" };
  const { data } = parsed;
  const original = target.messageTs === undefined ? undefined : slack.messages.find(target.channel, target.messageTs);
  if (String(data.delete_original) === "true") {
    if (original !== undefined) slack.messages.remove(original);
    return undefined;
  }
  try {
    const content = readContent(slack, { text: data.text, blocks: data.blocks });
    if (String(data.replace_original) === "true" && original !== undefined) {
      slack.messages.edit(original, content.text, content.blocks, slack.ids.timestamp());
      return undefined;
    }
    slack.messages.add({
      ts: slack.ids.timestamp(),
      channel: target.channel,
      threadTs: data.thread_ts ?? target.threadTs,
      author: { kind: "bot" },
      files: [],
      ...(data.response_type === "in_channel" ? {} : { onlyFor: target.personId }),
      ...content,
    });
    return undefined;
  } catch (refusal) {
    if (refusal instanceof Refusal) return { status: 400, error: refusal.error };
    throw refusal;
  }
}
