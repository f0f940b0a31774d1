/** A message that should stand in Slack: what the state says is to be read there. */

import { canonical, sha256 } from "../federation/model/digest.ts";
import type { ChannelId, TeamId } from "../federation/model/identity.ts";
import type { Blocks } from "./blocks/elements.ts";

/** Key of the federation's card, in whose thread the home channel reads the story. */
export const CARD_KEY = "card";

interface Placed {
  /** Names the message within its federation; a key is posted once. Never begins with `moved/`. */
  readonly key: string;
  readonly channel: ChannelId;
  /** Key of the message in whose thread it stands. */
  readonly thread: string | null;
  /** Organisations that may be connected to the channel; null when the channel alone decides. */
  readonly audience: readonly TeamId[] | null;
  /** `act`: somebody is to do something, so it goes before what only tells. */
  readonly importance: "act" | "tell";
}

/**
 * Rewritten in place whenever what it shows has changed, and posted anew where it is wanted in another channel. An
 * episode, whose words change while it lasts, is a card in a thread.
 */
export interface Card extends Placed {
  readonly kind: "card";
  readonly text: string;
  readonly blocks: Blocks;
}

/** Said once and left as it was said, where it was said. */
export interface Reply extends Placed {
  readonly kind: "reply";
  readonly text: string;
  readonly blocks: Blocks;
}

export interface Attachment extends Placed {
  readonly kind: "file";
  readonly name: string;
  readonly content: string;
}

export type DesiredMessage = Card | Reply | Attachment;

const hashes = new WeakMap<DesiredMessage, string>();

/** Names what a message shows: equal, nothing to send. Begins with the message's kind. */
export function contentHash(message: DesiredMessage): string {
  const known = hashes.get(message);
  if (known !== undefined) return known;
  const shown = message.kind === "file" ? [message.name, message.content] : [message.text, message.blocks];
  const hash = `${message.kind}-${sha256(canonical(shown))}`;
  hashes.set(message, hash);
  return hash;
}

/** Whether a content of `contentHash` was a card's. */
export const isCardContent = (content: string): boolean => content.startsWith("card-");

/**
 * A link to another message of the same federation, for mrkdwn text: the outbox puts the address in its place once that
 * message stands, and the label alone until then. `label` is mrkdwn that is escaped already.
 */
export const linkTo = (key: string, label: string): string => `<florist:${key}|${label.replaceAll(/[<>|]/g, " ")}>`;
