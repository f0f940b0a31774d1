/** What people have read of a federation once it has come so far: every message that was ever wanted, by its key. */

import { evolve } from "../../src/federation/model/evolve.ts";
import type { Federation } from "../../src/federation/model/state.ts";
import type { DesiredMessage } from "../../src/slack/message.ts";
import { messagesOf } from "../../src/slack/projection/projection.ts";
import type { Story } from "../builders/federation.ts";

export const wanted = ({ federation, context }: Pick<Story, "federation" | "context">): readonly DesiredMessage[] =>
  messagesOf(federation, { directory: context, planBlock: true });

/** Of each key the newest that was wanted: cards are rewritten, and what is not wanted any more still stands. */
export function everRead({ recorded, context }: Story): readonly DesiredMessage[] {
  const read = new Map<string, DesiredMessage>();
  let federation: Federation | null = null;
  for (const entry of recorded) {
    federation = evolve(federation, entry);
    for (const message of messagesOf(federation, { directory: context, planBlock: true }))
      read.set(message.key, message);
  }
  return [...read.values()];
}

export const textOf = (message: DesiredMessage): string => JSON.stringify(message);

export const inChannel = (messages: readonly DesiredMessage[], channel: string): readonly DesiredMessage[] =>
  messages.filter((message) => message.channel === channel);

/** Replies in a thread of the channel, cards and files that stand there included. */
export const replies = (messages: readonly DesiredMessage[], channel: string): readonly DesiredMessage[] =>
  inChannel(messages, channel).filter(({ thread }) => thread !== null);
