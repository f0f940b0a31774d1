/** A message that should stand in Slack: what the state says is to be read there. */

import { canonical, sha256 } from "../federation/model/digest.ts";
import type { ChannelId, TeamId } from "../federation/model/identity.ts";
import type { Blocks } from "./blocks/elements.ts";

/** Key of the federation's card, in whose thread the home channel reads the story. */
export const CARD_KEY = "card";

interface Placed {
  /** Names the message within its federation; a key is posted once. */
  readonly key: string;
  readonly channel: ChannelId;
  /** Key of the message in whose thread it stands. */
  readonly thread: string | null;
  /** Organisations that may be connected to the channel; null when the channel alone decides. */
  readonly audience: readonly TeamId[] | null;
}

/** Rewritten in place whenever what it shows has changed. */
export interface Card extends Placed {
  readonly kind: "card";
  readonly text: string;
  readonly blocks: Blocks;
}

/** Said once and left as it was said. */
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

/** Hash of what a message shows: equal hash, nothing to send. */
export function contentHash(message: DesiredMessage): string {
  const known = hashes.get(message);
  if (known !== undefined) return known;
  const shown = message.kind === "file" ? [message.name, message.content] : [message.text, message.blocks];
  const hash = sha256(canonical(shown));
  hashes.set(message, hash);
  return hash;
}
