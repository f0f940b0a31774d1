/** Blocks as the app sent them, told apart by their type; what is none of Slack's that the bot uses is shown as such. */
import { type Block, messageBlock, modalBlock } from "../../slack/block-kit/blocks.ts";

export type ReadBlock =
  | { readonly known: true; readonly block: Block }
  | { readonly known: false; readonly type: string };

const read = new WeakMap<object, ReadBlock>();

export function readBlock(raw: Readonly<Record<string, unknown>>): ReadBlock {
  const before = read.get(raw);
  if (before !== undefined) return before;
  const inMessage = messageBlock.safeParse(raw);
  const parsed = inMessage.success ? inMessage : modalBlock.safeParse(raw);
  const block: ReadBlock = parsed.success
    ? { known: true, block: parsed.data }
    : { known: false, type: String(raw["type"] ?? "without a type") };
  read.set(raw, block);
  return block;
}
