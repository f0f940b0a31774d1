import { z } from "zod";
import type { Block } from "../block-kit/blocks.ts";
import { checkMessageBlocks } from "../block-kit/check.ts";
import { withIds } from "../block-kit/walk.ts";
import type { Slack } from "../state/slack.ts";
import { teamsOf } from "../world/world.ts";
import { readableChannel, writableChannel } from "./channel-access.ts";
import { messageJson } from "./message-json.ts";
import { accept, type Method, Refusal, readArgs, structured } from "./method.ts";

const POSTED_TEXT_LIMIT = 40_000;
const UPDATED_TEXT_LIMIT = 4000;

const content = { text: z.string().optional(), blocks: structured, attachments: structured };
const posting = z.object({ channel: z.string(), thread_ts: z.string().optional(), metadata: structured, ...content });

/** What a message is to say. @throws Refusal `no_text`, `msg_too_long`, or what is wrong with the blocks */
export function readContent(
  slack: Slack,
  given: { text?: string | undefined; blocks: unknown },
  limit = POSTED_TEXT_LIMIT,
): { text: string; blocks: Block[] } {
  const text = given.text ?? "";
  if (text.length > limit) throw new Refusal("msg_too_long");
  const raw = given.blocks === undefined || given.blocks === "" || given.blocks === null ? [] : given.blocks;
  const blocks = accept(checkMessageBlocks(raw, slack.settings.refusedBlocks));
  if (text === "" && blocks.length === 0) throw new Refusal("no_text");
  return { text, blocks: withIds(blocks, slack.ids.made) };
}

const postMessage: Method = {
  scopes: ["chat:write"],
  perMinute: Number.POSITIVE_INFINITY,
  takesJson: true,
  run: (slack, args) => {
    const { channel: id, thread_ts: threadTs, metadata, ...given } = readArgs(posting, args);
    const channel = writableChannel(slack, id);
    const said = readContent(slack, given);
    if (threadTs !== undefined && slack.messages.find(channel.id, threadTs) === undefined) {
      throw new Refusal("thread_not_found");
    }
    takePostingTurn(slack, channel.id);
    const message = slack.messages.add({
      ts: slack.ids.timestamp(),
      channel: channel.id,
      threadTs,
      author: { kind: "bot" },
      files: [],
      ...(metadata === undefined ? {} : { metadata }),
      ...said,
    });
    return { channel: channel.id, ts: message.ts, message: messageJson(slack, message) };
  },
};

const update: Method = {
  scopes: ["chat:write"],
  perMinute: 50,
  takesJson: true,
  run: (slack, args) => {
    const { channel: id, ts, ...given } = readArgs(z.object({ channel: z.string(), ts: z.string(), ...content }), args);
    const channel = writableChannel(slack, id);
    const message = slack.messages.find(channel.id, ts);
    if (message === undefined || message.onlyFor !== undefined) throw new Refusal("message_not_found");
    if (message.author.kind !== "bot") throw new Refusal("cant_update_message");
    const said = readContent(slack, given, UPDATED_TEXT_LIMIT);
    slack.messages.edit(message, given.text ?? message.text, said.blocks, slack.ids.timestamp());
    return { channel: channel.id, ts, text: message.text, message: messageJson(slack, message) };
  },
};

const postEphemeral: Method = {
  scopes: ["chat:write"],
  perMinute: 100,
  takesJson: true,
  run: (slack, args) => {
    const { channel: id, user, thread_ts: threadTs, ...given } = readArgs(posting.extend({ user: z.string() }), args);
    const channel = writableChannel(slack, id);
    if (slack.world.person(user) === undefined) throw new Refusal("user_not_found");
    if (!channel.members.includes(user)) throw new Refusal("user_not_in_channel");
    const said = readContent(slack, given);
    const message = slack.messages.add({
      ts: slack.ids.timestamp(),
      channel: channel.id,
      threadTs,
      author: { kind: "bot" },
      onlyFor: user,
      files: [],
      ...said,
    });
    return { message_ts: message.ts };
  },
};

const getPermalink: Method = {
  scopes: [],
  perMinute: Number.POSITIVE_INFINITY,
  takesJson: false,
  run: (slack, args) => {
    const { channel: id, message_ts: ts } = readArgs(z.object({ channel: z.string(), message_ts: z.string() }), args);
    const channel = slack.world.channel(id);
    if (channel === undefined || !channel.botIsMember || !teamsOf(channel).includes(slack.world.home.id)) {
      throw new Refusal("channel_not_found");
    }
    const message = slack.messages.find(channel.id, ts);
    if (message === undefined) throw new Refusal("message_not_found");
    const link = `https://${slack.world.home.domain}.slack.com/archives/${channel.id}/p${ts.replace(".", "")}`;
    const thread = message.threadTs === undefined ? "" : `?thread_ts=${message.threadTs}&cid=${channel.id}`;
    return { channel: channel.id, permalink: link + thread };
  },
};

const deleteMessage: Method = {
  scopes: ["chat:write"],
  perMinute: 50,
  takesJson: true,
  run: (slack, args) => {
    const { channel: id, ts } = readArgs(z.object({ channel: z.string(), ts: z.string() }), args);
    const channel = readableChannel(slack, id);
    const message = slack.messages.find(channel.id, ts);
    if (message === undefined || message.onlyFor !== undefined) throw new Refusal("message_not_found");
    if (message.author.kind !== "bot") throw new Refusal("cant_delete_message");
    slack.messages.remove(message);
    return { channel: channel.id, ts };
  },
};

function takePostingTurn(slack: Slack, channel: string): void {
  const waitMs = slack.rates.post(channel);
  if (waitMs > 0) throw new Refusal("ratelimited", { retryAfterMs: waitMs });
}

export const chatMethods: Readonly<Record<string, Method>> = {
  "chat.postMessage": postMessage,
  "chat.update": update,
  "chat.postEphemeral": postEphemeral,
  "chat.getPermalink": getPermalink,
  "chat.delete": deleteMessage,
};
