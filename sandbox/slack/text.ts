import type { Block } from "./block-kit/blocks.ts";
import type { Interactive } from "./block-kit/elements.ts";
import type { RichText, RichTextInline, RichTextPart } from "./block-kit/rich-text.ts";
import type { TextObject } from "./block-kit/text-objects.ts";

/** What a mention stands for, such as `@rosa` for a person's id. */
export type NameOf = (id: string) => string | undefined;

const TASK_MARKS = { pending: "○", in_progress: "◐", complete: "●", error: "✗" } as const;
const noName: NameOf = () => undefined;

/** A message or a view as plain text, block by block, the way a person reads it. Without blocks it is the text. */
export function plainTextOf(blocks: readonly Block[], text: string, nameOf: NameOf = noName): string {
  if (blocks.length === 0) return readable(text, nameOf);
  return blocks
    .map((block) => blockText(block, nameOf))
    .filter((line) => line !== "")
    .join("\n");
}

function blockText(block: Block, nameOf: NameOf): string {
  const read = (object: TextObject) => textOf(object, nameOf);
  switch (block.type) {
    case "section": {
      const said = [...(block.text === undefined ? [] : [block.text]), ...(block.fields ?? [])].map(read).join("\n");
      return block.accessory === undefined || block.accessory.type === "image"
        ? said
        : `${said}  ${elementText(block.accessory)}`;
    }
    case "header":
    case "alert":
      return read(block.text);
    case "divider":
      return "―――";
    case "context":
      return block.elements.map((each) => (each.type === "image" ? `(${each.alt_text})` : read(each))).join("  ");
    case "actions":
      return block.elements.map(elementText).join(" ");
    case "input":
      return `${block.label.text}${block.optional === true ? " (optional)" : ""}: ${elementText(block.element)}`;
    case "image":
      return `(${block.alt_text})`;
    case "rich_text":
      return richTextOf(block, nameOf);
    case "markdown":
      return block.text;
    case "file":
      return `(file ${block.external_id})`;
    case "table":
      return block.rows
        .map((row) => row.map((cell) => (cell.type === "rich_text" ? richTextOf(cell, nameOf) : cell.text)).join(" | "))
        .join("\n");
    case "task_card":
      return taskText(block, nameOf);
    case "plan":
      return [block.title, ...(block.tasks ?? []).map((task) => indented(taskText(task, nameOf)))].join("\n");
  }
}

type Task = Extract<Block, { type: "task_card" }>;

function taskText(task: Task, nameOf: NameOf): string {
  const inner = [task.details, task.output].filter((each) => each !== undefined);
  const lines = inner.map((each) => indented(richTextOf(each, nameOf)));
  const sources = (task.sources ?? []).map(({ text, url }) => indented(`${text} (${url})`));
  return [`${TASK_MARKS[task.status]} ${task.title}`, ...lines, ...sources].join("\n");
}

function elementText(element: Interactive): string {
  switch (element.type) {
    case "button":
      return `[${element.text.text}]`;
    case "overflow":
      return `[⋯ ${element.options.map(({ text }) => text.text).join(" / ")}]`;
    case "checkboxes":
      return element.options.map(({ text }) => `☐ ${text.text}`).join(" ");
    case "radio_buttons":
      return element.options.map(({ text }) => `◯ ${text.text}`).join(" ");
    case "plain_text_input":
    case "email_text_input":
    case "url_text_input":
    case "number_input":
      return `[${element.initial_value ?? element.placeholder?.text ?? ""}]`;
    default:
      return `[${"placeholder" in element ? (element.placeholder?.text ?? "choose") : "choose"} ▾]`;
  }
}

function textOf(object: TextObject, nameOf: NameOf): string {
  return object.type === "plain_text" ? object.text : readable(object.text, nameOf);
}

/** Slack's markup as a person sees it: links with their text, mentions by name, the three escapes undone. */
function readable(text: string, nameOf: NameOf): string {
  return text
    .replace(/<([^<>|]+)(?:\|([^<>]*))?>/g, (_all, target: string, label: string | undefined) =>
      linkText(target, label, nameOf),
    )
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

function linkText(target: string, label: string | undefined, nameOf: NameOf): string {
  const kind = target[0];
  if (kind === "@" || kind === "#") return `${kind}${label ?? nameOf(target.slice(1)) ?? target.slice(1)}`;
  if (kind === "!") return `@${label ?? target.slice(1)}`;
  return label === undefined || label === target ? target : `${label} (${target})`;
}

function richTextOf(block: RichText, nameOf: NameOf): string {
  return block.elements.map((part) => partText(part, nameOf)).join("\n");
}

function partText(part: RichTextPart, nameOf: NameOf): string {
  const joined = (elements: readonly RichTextInline[]) => elements.map((each) => inlineText(each, nameOf)).join("");
  switch (part.type) {
    case "rich_text_section":
    case "rich_text_preformatted":
      return joined(part.elements);
    case "rich_text_quote":
      return `> ${joined(part.elements)}`;
    case "rich_text_list":
      return part.elements
        .map((item, index) => `${part.style === "ordered" ? `${index + 1}.` : "•"} ${joined(item.elements)}`)
        .join("\n");
  }
}

function inlineText(inline: RichTextInline, nameOf: NameOf): string {
  switch (inline.type) {
    case "text":
      return inline.text;
    case "link":
      return inline.text === undefined ? inline.url : `${inline.text} (${inline.url})`;
    case "broadcast":
      return `@${inline.range}`;
    case "channel":
      return `#${nameOf(inline.channel_id) ?? inline.channel_id}`;
    case "color":
      return inline.value;
    case "date":
      return inline.fallback ?? new Date(inline.timestamp * 1000).toISOString();
    case "emoji":
      return `:${inline.name}:`;
    case "team":
      return inline.team_id;
    case "user":
      return `@${nameOf(inline.user_id) ?? inline.user_id}`;
    case "usergroup":
      return `@${inline.usergroup_id}`;
  }
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}
