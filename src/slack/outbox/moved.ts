/** Cards whose zone got another channel: they stand anew there, and the old copy points to it. Pure. */
import type { ChannelId } from "../../federation/model/identity.ts";
import type { Card } from "../message.ts";

const MOVED = "moved/";

/** Under which key the copy that was left in a channel is remembered. */
export const movedKey = (channel: ChannelId, key: string): string => `${MOVED}${channel}/${key}`;
export const isMoved = (key: string): boolean => key.startsWith(MOVED);

export function pointerTo(key: string, from: ChannelId, to: ChannelId): Card {
  const text = `This card has moved to <#${to}>.`;
  return {
    kind: "card",
    key,
    channel: from,
    thread: null,
    audience: null,
    importance: "tell",
    text,
    blocks: [{ type: "section", text: { type: "mrkdwn", text, verbatim: true } }],
  };
}
