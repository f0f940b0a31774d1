import type { Block } from "../block-kit/blocks.ts";
import type { Interactive } from "../block-kit/elements.ts";
import { interactiveElements, isStateful, type Placed } from "../block-kit/walk.ts";
import type { Pointer } from "../control/control-api.ts";
import type { Slack } from "../state/slack.ts";
import { enteredValue, NotOnScreen, type StateValue } from "../state/state-values.ts";

/** @throws NotOnScreen if there is no such element, or more than one */
export function pointedAt(blocks: readonly Block[], pointer: Pointer): Placed {
  const all = interactiveElements(blocks);
  const found = all.filter(
    ({ block, element }) =>
      element.action_id === pointer.actionId &&
      (pointer.blockId === undefined || block.block_id === pointer.blockId) &&
      (pointer.value === undefined || element.type !== "button" || element.value === pointer.value),
  );
  const [placed] = found;
  if (placed === undefined) {
    const there = all.map(({ block, element }) => `${block.block_id}/${element.action_id}`).join(", ");
    throw new NotOnScreen(`there is no such element ${pointer.actionId}; there are: ${there || "none"}`);
  }
  if (found.length > 1) throw new NotOnScreen(`${pointer.actionId} is there ${found.length} times; say which blockId`);
  checkConfirmed(placed.element, pointer);
  return placed;
}

function checkConfirmed(element: Interactive, pointer: Pointer): void {
  if ("confirm" in element && element.confirm !== undefined && pointer.confirm !== true) {
    throw new NotOnScreen(
      `${pointer.actionId} asks "${element.confirm.title.text}" first; confirm it with confirm: true`,
    );
  }
}

/** The value that acting on a stateful element puts into it; nothing for buttons and menus. @throws NotOnScreen */
export function chosenValue(element: Interactive, pointer: Pointer): StateValue | undefined {
  if (!isStateful(element)) return undefined;
  if (pointer.selected === undefined) throw new NotOnScreen(`say what is selected in ${pointer.actionId}`);
  return enteredValue(element, pointer.selected);
}

/** One entry of `actions` in the payload. @throws NotOnScreen if an overflow menu has no such option */
export function actionJson(
  slack: Slack,
  placed: Placed,
  pointer: Pointer,
  value: StateValue | undefined,
): Record<string, unknown> {
  const { block, element } = placed;
  return {
    ...(value ?? pressed(element, pointer)),
    action_id: element.action_id,
    block_id: block.block_id,
    action_ts: slack.ids.timestamp(),
  };
}

function pressed(element: Interactive, pointer: Pointer): Record<string, unknown> {
  if (element.type === "overflow") {
    const option = element.options.find((each) => each.value === pointer.selected);
    if (option === undefined) {
      throw new NotOnScreen(`the menu ${pointer.actionId} has no option ${String(pointer.selected)}`);
    }
    return { type: "overflow", selected_option: option };
  }
  if (element.type !== "button") return { type: element.type };
  const { text, value, style } = element;
  return { type: "button", text, ...(value === undefined ? {} : { value }), ...(style === undefined ? {} : { style }) };
}
