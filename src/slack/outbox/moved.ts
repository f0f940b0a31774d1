/**
 * Copies of cards that are not kept up to date: one is left where a card's zone got another channel, one more came about
 * when Slack's answer to a posting was lost. Each becomes a pointer to the card. Pure.
 */
import type { ChannelId } from "../../federation/model/identity.ts";
import { type Card, linkTo } from "../message.ts";

const MOVED = "moved/";
const COPY = "copy/";

/** Under which key the copy that was left in a channel is remembered. */
export const movedKey = (channel: ChannelId, key: string): string => `${MOVED}${channel}/${key}`;
/** Under which key a copy in the card's own channel is remembered. */
export const copyKey = (ts: string, key: string): string => `${COPY}${ts}/${key}`;
export const isLeftover = (key: string): boolean => key.startsWith(MOVED) || key.startsWith(COPY);

/** The card that a leftover is a copy of. */
export const originalKey = (key: string): string => key.split("/").slice(2).join("/");

/** `to` is the id that Slack knows the channel by. */
export function pointerTo(key: string, from: ChannelId, to: ChannelId): Card {
  return leftover(key, from, `This card has moved to <#${to}>.`);
}

export const copyOf = (key: string, channel: ChannelId): Card =>
  leftover(
    key,
    channel,
    `This card was posted twice. ${linkTo(originalKey(key), "The other one")} is kept up to date.`,
  );

function leftover(key: string, channel: ChannelId, text: string): Card {
  return {
    kind: "card",
    key,
    channel,
    thread: null,
    audience: null,
    importance: "tell",
    text,
    blocks: [{ type: "section", text: { type: "mrkdwn", text, verbatim: true } }],
  };
}
