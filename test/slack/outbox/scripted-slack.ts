/** Slack's Web API in memory, as far as the outbox uses it: what stands, what was called when, and how it fails. */
import { webApi } from "@slack/bolt";
import { z } from "zod";
import type { Clock } from "../../../src/slack/outbox/clock.ts";

/** What becomes of a call: an error instead of the effect, no answer ever, or the effect and no answer. */
type Fault = Error | "hang" | "lost-answer" | null;

export interface Call {
  readonly at: number;
  readonly method: string;
  readonly args: z.infer<typeof arguments_>;
}

interface Answer extends webApi.WebAPICallResult {
  readonly ts?: string;
  readonly channel?: object;
  readonly file?: object;
}

export interface Standing {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | null;
  readonly text: string;
  readonly blocks: readonly unknown[];
}

const arguments_ = z.object({
  channel: z.string().default(""),
  ts: z.string().default(""),
  thread_ts: z.string().nullable().default(null),
  text: z.string().default(""),
  blocks: z.array(z.unknown()).optional(),
  file: z.string().default(""),
});

export const refusal = (error: string): Error => new webApi.WebAPIPlatformError({ ok: false, error });
export const rateLimit = (seconds: number): Error => new webApi.WebAPIRateLimitedError(seconds);
export const broken = (): Error => new webApi.WebAPIHTTPError(500, "Internal Server Error", {});

export class ScriptedSlack extends webApi.WebClient {
  readonly made: Call[] = [];
  readonly standing = new Map<string, Standing>();
  /** Organisations that are connected to a channel. */
  readonly connected = new Map<string, readonly string[]>();
  /** Asked before each call has its effect. */
  fault: (method: string, args: Call["args"]) => Fault = () => null;
  /** What `files.info` says of an uploaded file that was shared in a channel. */
  isShared = true;
  readonly #clock: Clock;
  readonly #files = new Map<string, string>();
  #count = 0;

  constructor(clock: Clock) {
    super("xoxb-test");
    this.#clock = clock;
  }

  override async apiCall(method: string, options: object = {}): Promise<webApi.WebAPICallResult> {
    return await this.#answer(method, arguments_.parse(options), (args) => this.#act(method, args));
  }

  override async filesUploadV2(options: webApi.FilesUploadV2Arguments) {
    const { channel_id: channel, thread_ts } = z
      .object({ channel_id: z.string(), thread_ts: z.string().optional() })
      .parse(options);
    const id = `F${this.#count + 1}`;
    await this.#answer("files.upload", arguments_.parse({ channel, thread_ts }), () => {
      this.#count += 1;
      this.#files.set(id, channel);
      return { ok: true };
    });
    return { ok: true, files: [{ ok: true, files: [{ id }] }] };
  }

  async #answer(
    method: string,
    args: Call["args"],
    act: (args: Call["args"]) => Answer,
  ): Promise<webApi.WebAPICallResult> {
    this.made.push({ at: this.#clock.now(), method, args });
    const fault = this.fault(method, args);
    if (fault instanceof Error) throw fault;
    if (fault === "hang") return await new Promise(() => {});
    const answer = act(args);
    if (fault === "lost-answer") throw new webApi.WebAPIRequestError(new Error("socket hang up"));
    return answer;
  }

  #act(method: string, args: Call["args"]): Answer {
    switch (method) {
      case "chat.postMessage": {
        this.#count += 1;
        const ts = `${1_700_000_000 + this.#count}.000100`;
        this.#stand({ ...args, ts });
        return { ok: true, ts };
      }
      case "chat.update":
        if (this.standing.get(args.ts)?.channel !== args.channel) throw refusal("message_not_found");
        this.#stand({ ...args, thread_ts: this.standing.get(args.ts)?.threadTs ?? null });
        return { ok: true, ts: args.ts };
      case "conversations.info":
        return { ok: true, channel: { connected_team_ids: [...(this.connected.get(args.channel) ?? [])] } };
      case "files.info": {
        const channel = this.#files.get(args.file) ?? "";
        const shares = this.isShared ? { [channel]: [{ ts: `${1_700_000_000 + this.#count}.000200` }] } : {};
        return { ok: true, file: { shares: { public: shares } } };
      }
      default:
        throw new Error(`${method} was not expected.`);
    }
  }

  /** Without `blocks` those that stand stay, as in Slack. */
  #stand({ channel, ts, thread_ts: threadTs, text, blocks }: Call["args"]): void {
    const kept = this.standing.get(ts)?.blocks ?? [];
    this.standing.set(ts, { channel, ts, threadTs, text, blocks: blocks ?? kept });
  }

  called(method: string): readonly Call[] {
    return this.made.filter((call) => call.method === method);
  }

  /** Texts that stand in a channel, in the order in which they were posted. */
  texts(channel: string): readonly string[] {
    return [...this.standing.values()].filter((each) => each.channel === channel).map(({ text }) => text);
  }

  find(text: string): Standing | undefined {
    return [...this.standing.values()].find((each) => each.text === text);
  }
}
