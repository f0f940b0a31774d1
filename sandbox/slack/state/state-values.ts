import type { Block } from "../block-kit/blocks.ts";
import type { Stateful } from "../block-kit/elements.ts";
import { offered } from "../block-kit/rules.ts";
import type { Option } from "../block-kit/text-objects.ts";
import { interactiveElements, isStateful } from "../block-kit/walk.ts";

/** One element's value as `state.values` carries it: `{type: "static_select", selected_option: …}`. Numbers are text. */
export type StateValue = Readonly<Record<string, unknown>> & { readonly type: Stateful["type"] };

/** What a person puts into an element: a text or an option's value, several of them, or nothing (null). */
export type Given = string | readonly string[] | null;

/** A person cannot do this with what is on the screen; the message says why. */
export class NotOnScreen extends Error {
  override readonly name = "NotOnScreen";
}

/** The value an element has before anybody touched it. */
function initialValue(element: Stateful): StateValue {
  switch (element.type) {
    case "static_select":
    case "radio_buttons":
      return { type: element.type, selected_option: element.initial_option ?? null };
    case "multi_static_select":
    case "checkboxes":
      return { type: element.type, selected_options: element.initial_options ?? [] };
    case "users_select":
      return { type: element.type, selected_user: element.initial_user ?? null };
    case "multi_users_select":
      return { type: element.type, selected_users: element.initial_users ?? [] };
    case "conversations_select":
      return { type: element.type, selected_conversation: element.initial_conversation ?? null };
    case "channels_select":
      return { type: element.type, selected_channel: element.initial_channel ?? null };
    case "datepicker":
      return { type: element.type, selected_date: element.initial_date ?? null };
    case "timepicker":
      return { type: element.type, selected_time: element.initial_time ?? null };
    case "datetimepicker":
      return { type: element.type, selected_date_time: element.initial_date_time ?? null };
    case "rich_text_input":
      return { type: element.type, rich_text_value: element.initial_value ?? null };
    case "file_input":
      return { type: element.type, files: [] };
    case "plain_text_input":
    case "email_text_input":
    case "url_text_input":
    case "number_input":
      return { type: element.type, value: element.initial_value ?? null };
  }
}

/** @throws NotOnScreen if the element offers no such thing */
export function enteredValue(element: Stateful, given: Given): StateValue {
  const isNothing = given === null || given.length === 0;
  return isNothing ? emptied(element) : filled(element, given);
}

function emptied(element: Stateful): StateValue {
  const fields = Object.entries(initialValue(element)).filter(([key]) => key !== "type");
  const empty = fields.map(([key, value]) => [key, Array.isArray(value) ? [] : null]);
  return { type: element.type, ...Object.fromEntries(empty) };
}

function filled(element: Stateful, given: string | readonly string[]): StateValue {
  const { type } = element;
  switch (type) {
    case "static_select":
      return { type, selected_option: choose(offered(element), one(given)) };
    case "radio_buttons":
      return { type, selected_option: choose(element.options, one(given)) };
    case "multi_static_select":
      return { type, selected_options: chooseSeveral(offered(element), given, element.max_selected_items) };
    case "checkboxes":
      return { type, selected_options: chooseSeveral(element.options, given, undefined) };
    case "users_select":
      return { type, selected_user: one(given) };
    case "multi_users_select":
      return { type, selected_users: many(given) };
    case "conversations_select":
      return { type, selected_conversation: one(given) };
    case "channels_select":
      return { type, selected_channel: one(given) };
    case "datepicker":
      return { type, selected_date: one(given) };
    case "timepicker":
      return { type, selected_time: one(given) };
    case "datetimepicker":
      return { type, selected_date_time: Number(one(given)) };
    case "rich_text_input":
      return { type, rich_text_value: richTextOf(one(given)) };
    case "file_input":
      throw new NotOnScreen("this stand-in cannot put files into a file input");
    case "plain_text_input":
    case "email_text_input":
    case "url_text_input":
    case "number_input":
      return { type, value: one(given) };
  }
}

/** Values by `block_id`, then `action_id`: what was entered, else what stood there at first. */
export function stateValues(
  blocks: readonly Block[],
  entered: (blockId: string, actionId: string) => StateValue | undefined,
): Record<string, Record<string, StateValue>> {
  const values: Record<string, Record<string, StateValue>> = {};
  for (const { block, element } of interactiveElements(blocks)) {
    if (!isStateful(element)) continue;
    const blockId = block.block_id ?? "";
    const actionId = element.action_id ?? "";
    const inBlock = values[blockId] ?? {};
    inBlock[actionId] = entered(blockId, actionId) ?? initialValue(element);
    values[blockId] = inBlock;
  }
  return values;
}

/** Whether an entered value still makes sense for what stands in its place now; Slack keeps it then. */
export function stillFits(element: Stateful, value: StateValue): boolean {
  if (element.type !== value.type) return false;
  const options = optionsOf(element);
  if (options === undefined) return true;
  const values = new Set(options.map((option) => option.value));
  return chosenValues(value).every((chosen) => values.has(chosen));
}

export function isEmpty(value: StateValue): boolean {
  return Object.entries(value).every(
    ([key, inner]) => key === "type" || inner === null || inner === "" || (Array.isArray(inner) && inner.length === 0),
  );
}

/** What a person reads in the field, as text or texts. */
export function shownValue(value: StateValue): Given {
  const chosen = chosenValues(value);
  if ("selected_options" in value) return chosen;
  if ("selected_option" in value) return chosen[0] ?? null;
  if ("files" in value) return namesOf(value["files"]);
  const [inner] = Object.entries(value).flatMap(([key, each]) => (key === "type" ? [] : [each]));
  if (Array.isArray(inner)) return inner.map(String);
  if (inner === null || inner === undefined) return null;
  return typeof inner === "object" ? JSON.stringify(inner) : String(inner);
}

function namesOf(files: unknown): string[] {
  const all: unknown[] = Array.isArray(files) ? files : [];
  return all.flatMap((file) =>
    typeof file === "object" && file !== null && "name" in file ? [String(file.name)] : [],
  );
}

export function optionsOf(element: Stateful): readonly Option[] | undefined {
  if (element.type === "checkboxes" || element.type === "radio_buttons") return element.options;
  if (element.type === "static_select" || element.type === "multi_static_select") return offered(element);
  return undefined;
}

function chosenValues(value: StateValue): string[] {
  const chosen = [value["selected_option"], value["selected_options"]].flat();
  return chosen.flatMap((option) =>
    typeof option === "object" && option !== null && "value" in option ? [String(option.value)] : [],
  );
}

function one(given: string | readonly string[]): string {
  if (typeof given === "string") return given;
  throw new NotOnScreen("this element takes one value, not a list");
}

function many(given: string | readonly string[]): readonly string[] {
  return typeof given === "string" ? [given] : given;
}

function choose(options: readonly Option[], value: string): Option {
  const option = options.find((each) => each.value === value);
  if (option !== undefined) return option;
  throw new NotOnScreen(
    `no option has the value "${value}"; offered are ${options.map((each) => each.value).join(", ")}`,
  );
}

function chooseSeveral(
  options: readonly Option[],
  given: string | readonly string[],
  max: number | undefined,
): Option[] {
  const values = many(given);
  if (max !== undefined && values.length > max) throw new NotOnScreen(`no more than ${max} options can be chosen`);
  return values.map((value) => choose(options, value));
}

function richTextOf(text: string): unknown {
  return {
    type: "rich_text",
    elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }],
  };
}
