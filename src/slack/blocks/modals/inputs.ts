/** Inputs of a modal. A block's id is the name of its field, so that a mistake can be shown on it. */
import type { InputBlock, PlainTextOption } from "@slack/types";
import { plain } from "../elements.ts";
import { clip } from "../mrkdwn.ts";

export interface Choice {
  readonly value: string;
  readonly text: string;
}

interface InputOptions {
  readonly hint?: string;
  readonly optional?: boolean;
  /** The form is redrawn when this changes. */
  readonly redraws?: string;
}

function input(field: string, label: string, element: InputBlock["element"], options: InputOptions = {}): InputBlock {
  const block: InputBlock = { type: "input", block_id: field, label: plain(label, 150), element };
  if (options.hint !== undefined) block.hint = plain(options.hint, 150);
  if (options.optional === true) block.optional = true;
  if (options.redraws !== undefined) block.dispatch_action = true;
  return block;
}

export const textInput = (
  field: string,
  label: string,
  value: string,
  options: InputOptions & { placeholder?: string; max?: number; multiline?: boolean } = {},
): InputBlock =>
  input(
    field,
    label,
    {
      type: "plain_text_input",
      action_id: "typed",
      max_length: options.max ?? 253,
      ...(value === "" ? {} : { initial_value: value }),
      ...(options.placeholder === undefined ? {} : { placeholder: plain(options.placeholder, 150) }),
      ...(options.multiline === true ? { multiline: true } : {}),
    },
    options,
  );

export const fileInput = (
  field: string,
  label: string,
  files: { readonly types: readonly string[]; readonly most: number },
  options: InputOptions = {},
): InputBlock =>
  input(
    field,
    label,
    { type: "file_input", action_id: "given", filetypes: [...files.types], max_files: files.most },
    options,
  );

/** `value`: a day such as `2027-03-01`, or empty. */
export const dateInput = (field: string, label: string, value: string, options: InputOptions = {}): InputBlock =>
  input(
    field,
    label,
    { type: "datepicker", action_id: "chosen", ...(value === "" ? {} : { initial_date: value }) },
    options,
  );

export const numberInput = (
  field: string,
  label: string,
  value: string,
  bounds: { readonly min: number; readonly max: number },
  options: InputOptions = {},
): InputBlock =>
  input(
    field,
    label,
    {
      type: "number_input",
      action_id: "typed",
      is_decimal_allowed: false,
      min_value: String(bounds.min),
      max_value: String(bounds.max),
      ...(isNumberWithin(value, bounds) ? { initial_value: value } : {}),
    },
    options,
  );

const isNumberWithin = (text: string, { min, max }: { min: number; max: number }): boolean =>
  /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max;

const option = ({ value, text }: Choice): PlainTextOption => ({ text: plain(text), value: clip(value, 150) });

/** A select takes so many choices, or so many groups of so many. */
const MOST_OPTIONS = 100;

/** Choices as a select takes them: beyond a hundred in groups, each named by its first and last. */
function offered(choices: readonly Choice[]) {
  if (choices.length <= MOST_OPTIONS) return { options: choices.map(option) };
  const groups = Array.from({ length: Math.ceil(choices.length / MOST_OPTIONS) }, (_, nth) =>
    choices.slice(nth * MOST_OPTIONS, (nth + 1) * MOST_OPTIONS),
  );
  return {
    option_groups: groups.slice(0, MOST_OPTIONS).map((group) => ({
      label: plain(`${clip(group[0]?.text ?? "", 35)} – ${clip(group.at(-1)?.text ?? "", 35)}`),
      options: group.map(option),
    })),
  };
}

export function selectInput(
  field: string,
  label: string,
  choices: readonly Choice[],
  value: string,
  options: InputOptions & { placeholder?: string } = {},
): InputBlock {
  const initial = choices.find((choice) => choice.value === value);
  return input(
    field,
    label,
    {
      type: "static_select",
      action_id: options.redraws ?? "chosen",
      ...offered(choices),
      ...(initial === undefined ? {} : { initial_option: option(initial) }),
      ...(options.placeholder === undefined ? {} : { placeholder: plain(options.placeholder, 150) }),
    },
    options,
  );
}

export function multiSelectInput(
  field: string,
  label: string,
  choices: readonly Choice[],
  values: readonly string[],
  options: InputOptions = {},
): InputBlock {
  const initial = choices.filter((choice) => values.includes(choice.value));
  return input(
    field,
    label,
    {
      type: "multi_static_select",
      action_id: options.redraws ?? "chosen",
      ...offered(choices),
      ...(initial.length === 0 ? {} : { initial_options: initial.map(option) }),
    },
    options,
  );
}

export function radioInput(
  field: string,
  label: string,
  choices: readonly Choice[],
  value: string,
  options: InputOptions = {},
): InputBlock {
  const initial = choices.find((choice) => choice.value === value);
  return input(
    field,
    label,
    {
      type: "radio_buttons",
      action_id: options.redraws ?? "chosen",
      options: choices.map(option),
      ...(initial === undefined ? {} : { initial_option: option(initial) }),
    },
    options,
  );
}

export const checkboxInput = (field: string, label: string, choice: Choice, checked: boolean): InputBlock =>
  input(
    field,
    label,
    {
      type: "checkboxes",
      action_id: "chosen",
      options: [option(choice)],
      ...(checked ? { initial_options: [option(choice)] } : {}),
    },
    { optional: true },
  );
