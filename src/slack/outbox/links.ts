/** Links between messages of one federation: `linkTo` tokens become addresses of what stands in Slack. Pure. */
import type { ChannelId } from "../../federation/model/identity.ts";
import { contentHash, type DesiredMessage } from "../message.ts";

/** What others wrote is escaped, so that its `<` never begins a token. */
const TOKEN = /<florist:([^<>|\s]+)\|([^<>|]*)>/g;
/** What is left of a token where a long text was cut. */
const CUT_TOKEN = /<florist:[^<>]*(?=…$)/;
const MARK = "<florist:";

/** Slack's limits for mrkdwn: a section's text, and every other text object. */
const LONGEST_SECTION = 3000;
const LONGEST_TEXT = 2000;
const LONGEST_FALLBACK = 4000;

const found = new WeakMap<DesiredMessage, readonly string[]>();

/** Keys that a message links to. */
export function linkedKeys(message: DesiredMessage): readonly string[] {
  if (message.kind === "file") return [];
  const known = found.get(message);
  if (known !== undefined) return known;
  const texts = [message.text, ...(message.blocks.length > 0 ? mrkdwnIn(message.blocks).map(({ text }) => text) : [])];
  const keys = new Set(texts.flatMap((text) => [...text.matchAll(TOKEN)].map(([, key]) => key ?? "")));
  found.set(message, [...keys]);
  return [...keys];
}

export interface Shown {
  readonly message: DesiredMessage;
  readonly content: string;
}

/** The message as Slack is to show it; `addressOf` gives the address of a key that stands, or null. */
export function withLinks(message: DesiredMessage, addressOf: (key: string) => string | null): Shown {
  if (message.kind === "file" || !mayHoldToken(message)) return { message, content: contentHash(message) };
  const blocks = structuredClone(message.blocks);
  for (const { object, text, longest } of mrkdwnIn(blocks)) {
    Reflect.set(object, "text", resolved(text, longest, addressOf));
  }
  const shown = { ...message, text: resolved(message.text, LONGEST_FALLBACK, addressOf), blocks };
  return { message: shown, content: contentHash(shown) };
}

const mayHoldToken = (message: Exclude<DesiredMessage, { kind: "file" }>): boolean =>
  message.text.includes(MARK) || mrkdwnIn(message.blocks).some(({ text }) => text.includes(MARK));

export const permalink = (workspaceUrl: string, channel: ChannelId, ts: string): string =>
  `${workspaceUrl.replace(/\/+$/, "")}/archives/${channel}/p${ts.replace(".", "")}`;

/** A text that addresses would make too long for Slack keeps the labels alone. */
function resolved(text: string, longest: number, addressOf: (key: string) => string | null): string {
  if (!text.includes(MARK)) return text;
  const labelled = text.replaceAll(TOKEN, "$2").replace(CUT_TOKEN, "");
  const linked = text
    .replaceAll(TOKEN, (_, key: string, label: string) => {
      const address = addressOf(key);
      return address === null ? label : `<${address}|${label}>`;
    })
    .replace(CUT_TOKEN, "");
  return linked.length <= longest ? linked : labelled;
}

interface Mrkdwn {
  readonly object: object;
  readonly text: string;
  readonly longest: number;
}

/** Every text object of mrkdwn; plain text shows a token as it was written, as it shows everything. */
function mrkdwnIn(value: unknown, longest = LONGEST_TEXT): readonly Mrkdwn[] {
  if (Array.isArray(value)) return value.flatMap((each: unknown) => mrkdwnIn(each));
  if (value === null || typeof value !== "object") return [];
  if ("type" in value && value.type === "mrkdwn" && "text" in value && typeof value.text === "string") {
    return [{ object: value, text: value.text, longest }];
  }
  return Object.entries(value).flatMap(([name, each]) => mrkdwnIn(each, name === "text" ? LONGEST_SECTION : undefined));
}
