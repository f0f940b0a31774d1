/** Slack's blocks, within Slack's limits: whatever is too long is cut, and the cut is marked. */
import type {
  ActionsBlock,
  Button,
  ConfirmationDialog,
  ContextBlock,
  DividerBlock,
  HeaderBlock,
  KnownBlock,
  PlainTextElement,
  SectionBlock,
} from "@slack/types";
import { clip } from "./mrkdwn.ts";

export const plain = (text: string, max = 75): PlainTextElement => ({ type: "plain_text", text: clip(text, max) });

export const header = (text: string): HeaderBlock => ({ type: "header", text: plain(text, 150) });

export const section = (text: string): SectionBlock => ({
  type: "section",
  text: { type: "mrkdwn", text: clip(text, 3000), verbatim: true },
});

/** Pairs of label and value, at most ten. */
export const fields = (pairs: readonly (readonly [string, string])[]): SectionBlock => ({
  type: "section",
  fields: pairs
    .slice(0, 10)
    .map(([label, value]) => ({ type: "mrkdwn", text: clip(`*${label}*\n${value}`, 2000), verbatim: true })),
});

export const divider: DividerBlock = { type: "divider" };

export const context = (text: string): ContextBlock => ({
  type: "context",
  elements: [{ type: "mrkdwn", text: clip(text, 2000), verbatim: true }],
});

export const actions = (...elements: readonly Button[]): readonly ActionsBlock[] =>
  elements.length === 0 ? [] : [{ type: "actions", elements: [...elements] }];

export interface ButtonOptions {
  readonly style?: "primary" | "danger";
  /** For people who hear the button without the card around it. */
  readonly label?: string;
  /** Asked before the click counts. */
  readonly confirm?: { readonly title: string; readonly text: string; readonly yes: string };
}

/** `value` is an opaque id: it says nothing, and who may act on it is looked up when it is clicked. */
export function button(text: string, actionId: string, value: string, options: ButtonOptions = {}): Button {
  const made: Button = { type: "button", text: plain(text), action_id: actionId, value };
  if (options.style !== undefined) made.style = options.style;
  if (options.label !== undefined) made.accessibility_label = clip(options.label, 75);
  if (options.confirm !== undefined) made.confirm = confirmation(options.confirm);
  return made;
}

const confirmation = (asked: NonNullable<ButtonOptions["confirm"]>): ConfirmationDialog => ({
  title: plain(asked.title, 100),
  text: plain(asked.text, 300),
  confirm: plain(asked.yes, 30),
  deny: plain("Go back", 30),
});

export type Blocks = readonly KnownBlock[];

/** As many of the blocks as Slack takes; the last one says where the rest is missing. */
export const fitting = (blocks: Blocks, most: number): Blocks =>
  blocks.length <= most ? blocks : [...blocks.slice(0, most - 1), section("The rest is too long to be shown here.")];

/** Lines gathered into as few sections as hold them. */
export function sections(lines: readonly string[]): Blocks {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + line.length < 2900) texts[texts.length - 1] = `${last}\n${line}`;
    else texts.push(line);
  }
  return texts.map(section);
}
