/** What stands on a message that somebody can press, and its heading. */
import type { Message } from "../protocol.ts";
import { readBlock } from "./block-reading.ts";

const read = new WeakMap<Message, readonly string[]>();

/** The words on its buttons. */
export function buttonsOf(message: Message): readonly string[] {
  const before = read.get(message);
  if (before !== undefined) return before;
  const buttons = message.blocks.flatMap((raw) => {
    const block = readBlock(raw);
    if (!block.known) return [];
    const elements = block.block.type === "actions" ? block.block.elements : [];
    return elements.flatMap((element) => (element.type === "button" ? [element.text.text] : []));
  });
  read.set(message, buttons);
  return buttons;
}

export function headingOf({ blocks }: Message): string {
  for (const raw of blocks) {
    const block = readBlock(raw);
    if (block.known && block.block.type === "header") return block.block.text.text;
  }
  return "";
}
