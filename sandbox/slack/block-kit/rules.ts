import type { Block } from "./blocks.ts";
import { type Complaint, complaint } from "./complaints.ts";
import type { Interactive } from "./elements.ts";
import type { Option } from "./text-objects.ts";
import { interactiveElements, type Placed } from "./walk.ts";

type Path = readonly (string | number)[];

/** What no single field shows: ids that repeat, options that do not match, blocks that may stand only once. */
export function brokenRules(blocks: readonly Block[], root: Path): Complaint[] {
  const placed = interactiveElements(blocks);
  return [
    ...repeatedBlockIds(blocks, root),
    ...repeatedActionIds(placed, root),
    ...onceOnly(blocks, root),
    ...blocks.flatMap((block, index) => brokenBlock(block, [...root, index])),
    ...placed.flatMap(({ element, path }) => brokenElement(element, [...root, ...path])),
    ...severalFocused(placed, root),
  ];
}

function repeatedBlockIds(blocks: readonly Block[], root: Path): Complaint[] {
  const seen = new Set<string>();
  return blocks.flatMap(({ block_id: id }, index) => {
    if (id === undefined) return [];
    if (seen.has(id)) return [complaint(`block_id \`${id}\` already exists`, [...root, index, "block_id"])];
    seen.add(id);
    return [];
  });
}

function repeatedActionIds(placed: readonly Placed[], root: Path): Complaint[] {
  const seen = new Map<Block, Set<string>>();
  return placed.flatMap(({ block, element, path }) => {
    const id = element.action_id;
    const inBlock = seen.get(block) ?? new Set();
    seen.set(block, inBlock);
    if (id === undefined) return [];
    if (inBlock.has(id)) return [complaint(`action_id \`${id}\` already exists`, [...root, ...path, "action_id"])];
    inBlock.add(id);
    return [];
  });
}

function onceOnly(blocks: readonly Block[], root: Path): Complaint[] {
  const tables = blocks.filter(({ type }) => type === "table").length;
  const plans = blocks.filter(({ type }) => type === "plan").length;
  return [
    ...(tables > 1 ? [complaint("only_one_table_allowed", root)] : []),
    ...(plans > 1 ? [complaint("no more than 1 plan block allowed", root)] : []),
  ];
}

function brokenBlock(block: Block, path: Path): Complaint[] {
  switch (block.type) {
    case "section":
      return block.text === undefined && block.fields === undefined
        ? [complaint("must define either `text` or `fields`", [...path, "type"])]
        : [];
    case "image":
      return pictureSource(block, path);
    case "context":
      return block.elements.flatMap((element, index) =>
        element.type === "image" ? pictureSource(element, [...path, "elements", index]) : [],
      );
    case "table":
      return cellCharacters(block.rows) > 10_000
        ? [complaint("must be less than 10001 characters in all cells", [...path, "rows"])]
        : [];
    case "plan":
      return repeatedTasks(
        (block.tasks ?? []).map((task) => task.task_id),
        path,
      );
    default:
      return [];
  }
}

function pictureSource(picture: { image_url?: string | undefined; slack_file?: unknown }, path: Path): Complaint[] {
  const given = [picture.image_url, picture.slack_file].filter((source) => source !== undefined).length;
  return given === 1 ? [] : [complaint("must define either `image_url` or `slack_file`", [...path, "type"])];
}

function repeatedTasks(ids: readonly string[], path: Path): Complaint[] {
  return ids.flatMap((id, index) =>
    ids.indexOf(id) === index
      ? []
      : [complaint(`task_id \`${id}\` already exists`, [...path, "tasks", index, "task_id"])],
  );
}

function cellCharacters(rows: readonly (readonly unknown[])[]): number {
  return rows.flat().reduce<number>((sum, cell) => sum + textCharacters(cell), 0);
}

const READ_KEYS: ReadonlySet<string> = new Set(["text", "title"]);

/** All characters that a person reads, at any depth: texts, and the plain titles of plans and tasks. */
export function textCharacters(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return Object.entries(value).reduce(
    (sum, [key, inner]) =>
      sum + (typeof inner === "string" ? (READ_KEYS.has(key) ? inner.length : 0) : textCharacters(inner)),
    0,
  );
}

function brokenElement(element: Interactive, path: Path): Complaint[] {
  switch (element.type) {
    case "static_select":
      return [...offersOneWay(element, path), ...notOffered(offered(element), [element.initial_option], path)];
    case "multi_static_select":
      return [
        ...offersOneWay(element, path),
        ...notOffered(offered(element), element.initial_options ?? [], path),
        ...tooManyChosen(element.initial_options ?? [], element.max_selected_items, path),
      ];
    case "radio_buttons":
      return [...repeatedValues(element.options, path), ...notOffered(element.options, [element.initial_option], path)];
    case "checkboxes":
      return [
        ...repeatedValues(element.options, path),
        ...notOffered(element.options, element.initial_options ?? [], path),
      ];
    case "number_input":
      return brokenNumber(element, path);
    case "plain_text_input":
      return brokenLengths(element, path);
    default:
      return [];
  }
}

interface Offer {
  readonly options?: readonly Option[] | undefined;
  readonly option_groups?: readonly { readonly options: readonly Option[] }[] | undefined;
}

/** Every option of a select, whether offered in groups or not. */
export function offered(select: Offer): readonly Option[] {
  return select.options ?? select.option_groups?.flatMap((group) => group.options) ?? [];
}

function offersOneWay(select: Offer, path: Path): Complaint[] {
  const ways = [select.options, select.option_groups].filter((way) => way !== undefined).length;
  return ways === 1 ? [] : [complaint("must define either `options` or `option_groups`", path)];
}

function repeatedValues(options: readonly Option[], path: Path): Complaint[] {
  const values = options.map(({ value }) => value);
  return values.flatMap((value, index) =>
    values.indexOf(value) === index
      ? []
      : [complaint(`value \`${value}\` already exists`, [...path, "options", index])],
  );
}

function notOffered(options: readonly Option[], initial: readonly (Option | undefined)[], path: Path): Complaint[] {
  const known = new Set(options.map(canonical));
  return initial
    .filter((option) => option !== undefined)
    .filter((option) => !known.has(canonical(option)))
    .map((option) => complaint(`initial option \`${option.value}\` must exactly match one of the options`, path));
}

/** Equality of options does not depend on the order in which their fields were written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a.localeCompare(b)))
      : inner,
  );
}

function tooManyChosen(initial: readonly Option[], most: number | undefined, path: Path): Complaint[] {
  return initial.length > (most ?? Number.POSITIVE_INFINITY)
    ? [complaint("initial_options must be no more than max_selected_items", [...path, "initial_options"])]
    : [];
}

function brokenLengths(element: Extract<Interactive, { type: "plain_text_input" }>, path: Path): Complaint[] {
  const { min_length: min = 0, max_length: max = 3000, initial_value: initial } = element;
  return [
    ...(min > max ? [complaint("min_length must be no more than max_length", path)] : []),
    ...(initial !== undefined && initial.length > max
      ? [complaint("must be no longer than max_length", [...path, "initial_value"])]
      : []),
  ];
}

function brokenNumber(element: Extract<Interactive, { type: "number_input" }>, path: Path): Complaint[] {
  const { is_decimal_allowed: decimals, min_value: min, max_value: max, initial_value: initial } = element;
  const given = { min_value: min, max_value: max, initial_value: initial };
  const fractions = Object.entries(given).filter(([, value]) => !decimals && value?.includes("."));
  const outside =
    initial !== undefined &&
    (Number(initial) < Number(min ?? Number.NEGATIVE_INFINITY) ||
      Number(initial) > Number(max ?? Number.POSITIVE_INFINITY));
  return [
    ...fractions.map(([key]) => complaint("must be an integer", [...path, key])),
    ...(Number(min ?? Number.NEGATIVE_INFINITY) > Number(max ?? Number.POSITIVE_INFINITY)
      ? [complaint("min_value must be no more than max_value", path)]
      : []),
    ...(outside ? [complaint("must be between min_value and max_value", [...path, "initial_value"])] : []),
  ];
}

function severalFocused(placed: readonly Placed[], root: Path): Complaint[] {
  const focused = placed.filter(({ element }) => "focus_on_load" in element && element.focus_on_load === true);
  return focused.slice(1).map(({ path }) => complaint("only one element can have focus_on_load", [...root, ...path]));
}
