import type { Block } from "./blocks.ts";
import type { Interactive, Stateful } from "./elements.ts";

/** An element with an action of its own and where it stands: `path` leads from the list of blocks to the element. */
export interface Placed {
  readonly block: Block;
  readonly element: Interactive;
  readonly path: readonly (string | number)[];
}

export function interactiveElements(blocks: readonly Block[]): Placed[] {
  return blocks.flatMap((block, index) => elementsOfBlock(block, index));
}

function elementsOfBlock(block: Block, index: number): Placed[] {
  switch (block.type) {
    case "section": {
      const accessory = block.accessory;
      if (accessory === undefined || accessory.type === "image") return [];
      return [{ block, element: accessory, path: [index, "accessory"] }];
    }
    case "actions":
      return block.elements.map((element, place) => ({ block, element, path: [index, "elements", place] }));
    case "input":
      return [{ block, element: block.element, path: [index, "element"] }];
    default:
      return [];
  }
}

export function isStateful(element: Interactive): element is Stateful {
  return element.type !== "button" && element.type !== "overflow";
}

/**
 * The blocks with every `block_id` and `action_id` that the app left out made up, as Slack does.
 * @param makeId gives a fresh short id
 */
export function withIds<B extends Block>(blocks: readonly B[], makeId: () => string): B[] {
  const named = structuredClone([...blocks]);
  for (const block of named) block.block_id ??= makeId();
  for (const { element } of interactiveElements(named)) element.action_id ??= makeId();
  return named;
}
