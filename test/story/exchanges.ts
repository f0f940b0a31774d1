/** What `--record` wrote of the edge to Slack. */
import { readFile } from "node:fs/promises";
import { z } from "zod";

/** Something that people see. */
export interface Shown {
  readonly method: string;
  /** Where everybody sees it; null for what one person sees. */
  readonly channel: string | null;
  readonly inThread: boolean;
  /** What Slack calls the message; null for what it does not number. */
  readonly ts: string | null;
  readonly text: string;
  readonly blocks: unknown;
  /** A modal, whole. */
  readonly view: unknown;
}

const exchange = z.object({
  direction: z.enum(["to-bot", "from-bot"]),
  method: z.string(),
  request: z.object({ headers: z.record(z.string(), z.unknown()), body: z.string() }),
  response: z.object({ body: z.string() }).nullable(),
});
const numbered = z.object({ ts: z.string() });
const answer = z.object({ text: z.string().default(""), blocks: z.unknown().optional() });

const IN_CHANNELS: readonly string[] = ["chat.postMessage", "chat.update"];
const SHOWING: readonly string[] = [
  ...IN_CHANNELS,
  ...["chat.postEphemeral", "response_url", "views.open", "views.push", "views.update"],
];

/** Every message and modal that the bot sent, in order. */
export async function shownIn(record: string): Promise<readonly Shown[]> {
  const lines = (await readFile(record, "utf8")).split("\n").filter((line) => line.startsWith('{"edge":"slack"'));
  return lines.flatMap((line): readonly Shown[] => {
    const { direction, method, request, response } = exchange.parse(JSON.parse(line));
    if (direction === "to-bot" || !SHOWING.includes(method)) return [];
    if (method === "response_url") {
      const { text, blocks } = answer.parse(JSON.parse(request.body));
      return [{ method, channel: null, inThread: false, ts: null, text, blocks, view: undefined }];
    }
    const form = new URLSearchParams(request.body);
    const json = (name: string): unknown => {
      const value = form.get(name);
      return value === null ? undefined : JSON.parse(value);
    };
    const channel = IN_CHANNELS.includes(method) ? form.get("channel") : null;
    const said = numbered.safeParse(channel === null ? null : JSON.parse(response?.body ?? "null"));
    const ts = said.success ? said.data.ts : null;
    const text = form.get("text") ?? "";
    return [{ method, channel, inThread: form.has("thread_ts"), ts, text, blocks: json("blocks"), view: json("view") }];
  });
}
