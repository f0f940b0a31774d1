/** Carries out one step towards Slack and says what came of it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { WebClient } from "@slack/web-api";
import type { Logger } from "pino";
import { z } from "zod";
import type { DesiredMessage } from "../message.ts";
import { isClosedChannel, WITHHELD } from "../refusals.ts";
import { failureOf } from "../slack-error.ts";
import { methodOf, type Step } from "./delivery.ts";
import type { MethodPace, Pace } from "./pace.ts";

export type Outcome =
  | { readonly kind: "posted"; readonly ts: string }
  | { readonly kind: "rewritten" }
  | { readonly kind: "given-up"; readonly because: string }
  | { readonly kind: "plan-refused" }
  /** Not now. `failed`: Slack gave no usable answer, so the channel waits a while. */
  | { readonly kind: "later"; readonly failed: boolean; readonly because: string };

export interface Sender {
  send(step: Step): Promise<Outcome>;
}

/** How often a message that Slack refuses is tried before it is given up. */
const TRIES = 3;
/** How often Slack is asked whether an uploaded file has been shared; each wait is twice the one before. */
const FILE_LOOKS = 6;

export function createSender(options: {
  readonly slack: WebClient;
  readonly methods: MethodPace;
  readonly pace: Pace;
  readonly log: Logger;
  /** Ends waits for Slack early. */
  readonly signal: AbortSignal;
}): Sender {
  const { slack, methods, pace, log, signal } = options;
  const refusals = new Map<string, number>();
  /** Messages whose blocks Slack refused: their text goes out alone. */
  const textOnly = new Set<string>();

  const shown = (message: Exclude<DesiredMessage, { kind: "file" }>) =>
    textOnly.has(message.key) ? { text: message.text } : { text: message.text, blocks: [...message.blocks] };

  async function attempt(step: Step): Promise<Outcome> {
    switch (step.kind) {
      case "post": {
        const withheld = await whoMustNotRead(step.message);
        if (withheld.length > 0) return { kind: "given-up", because: `${WITHHELD}${withheld.join(",")}` };
        return await post(step.message, step.threadTs);
      }
      case "update": {
        const { channel, ts } = step.posted;
        await methods.call("chat.update", () => slack.chat.update({ channel, ts, ...shown(step.message) }));
        return { kind: "rewritten" };
      }
      case "upload": {
        const withheld = await whoMustNotRead(step.message);
        if (withheld.length > 0) return { kind: "given-up", because: `${WITHHELD}${withheld.join(",")}` };
        return await upload(step.message, step.threadTs);
      }
    }
  }

  async function post(message: Exclude<DesiredMessage, { kind: "file" }>, threadTs: string | null): Promise<Outcome> {
    const { ts } = await methods.call("chat.postMessage", () =>
      slack.chat.postMessage({
        channel: message.channel,
        ...shown(message),
        ...(threadTs === null ? {} : { thread_ts: threadTs }),
        unfurl_links: false,
        unfurl_media: false,
      }),
    );
    return ts === undefined ? { kind: "later", failed: true, because: "no ts" } : { kind: "posted", ts };
  }

  /** Organisations that are, or are about to be, in the channel and are not to read the message. */
  async function whoMustNotRead(message: DesiredMessage): Promise<readonly string[]> {
    const { audience, channel } = message;
    if (audience === null) return [];
    const answer = await methods.call("conversations.info", () => slack.conversations.info({ channel }));
    const connected = organisations.parse(answer.channel);
    const allowed = new Set<string>(audience);
    return connected.filter((team) => !allowed.has(team));
  }

  async function upload(message: DesiredMessage & { kind: "file" }, threadTs: string): Promise<Outcome> {
    const answer = await methods.call("files.upload", () =>
      slack.filesUploadV2({
        channel_id: message.channel,
        thread_ts: threadTs,
        filename: message.name,
        title: message.name,
        file: Buffer.from(message.content, "utf8"),
      }),
    );
    const file = uploaded.parse(answer).files[0]?.files[0]?.id;
    if (file === undefined) return { kind: "later", failed: true, because: "no file" };
    for (let look = 0; look < FILE_LOOKS; look += 1) {
      const info = await methods.call("files.info", () => slack.files.info({ file }));
      if (isShared(info.file, message.channel)) return { kind: "posted", ts: file };
      await sleep(pace.fileLook * 2 ** look, undefined, { signal });
    }
    return refused(message, "the file was not shared");
  }

  function refused(message: DesiredMessage, error: string): Outcome {
    const count = (refusals.get(message.key) ?? 0) + 1;
    refusals.set(message.key, count);
    if (count < TRIES) return { kind: "later", failed: true, because: error };
    refusals.delete(message.key);
    return { kind: "given-up", because: error };
  }

  async function afterRefusal(step: Step, error: string): Promise<Outcome> {
    const { message } = step;
    if (isClosedChannel(error)) return { kind: "given-up", because: error };
    if (error === "message_not_found" && step.kind === "update") {
      return await send({ kind: "post", message: step.message, threadTs: step.threadTs });
    }
    if (error === "invalid_blocks" && message.kind !== "file") {
      if (message.blocks.some(({ type }) => type === "plan")) return { kind: "plan-refused" };
      log.error({ key: message.key }, "Slack refuses the blocks of a message; its text is sent alone.");
      textOnly.add(message.key);
    }
    return refused(message, error);
  }

  async function send(step: Step): Promise<Outcome> {
    try {
      if (!(await methods.isFree(methodOf(step)))) return { kind: "later", failed: false, because: "quota" };
      return await attempt(step);
    } catch (error) {
      const failure = failureOf(error);
      switch (failure.kind) {
        case "rate-limited":
          // A rest of the step's own method is known to whoever chooses the next step; any other one is a failure here.
          return { kind: "later", failed: methods.restsUntil(methodOf(step)) <= Date.now(), because: "rate limit" };
        case "unanswered":
          return { kind: "later", failed: true, because: failure.error };
        case "refused":
          return await afterRefusal(step, failure.error);
      }
    }
  }
  return { send };
}

const organisations = z
  .object({
    connected_team_ids: z.array(z.string()).optional(),
    pending_connected_team_ids: z.array(z.string()).optional(),
    shared_team_ids: z.array(z.string()).optional(),
    conversation_host_id: z.string().optional(),
  })
  .transform((channel): readonly string[] => [
    ...new Set([
      ...(channel.connected_team_ids ?? []),
      ...(channel.pending_connected_team_ids ?? []),
      ...(channel.shared_team_ids ?? []),
      ...(channel.conversation_host_id === undefined ? [] : [channel.conversation_host_id]),
    ]),
  ]);

const uploaded = z.object({ files: z.array(z.object({ files: z.array(z.object({ id: z.string() })) })) });

const shares = z.object({
  shares: z
    .object({
      public: z.record(z.string(), z.unknown()).optional(),
      private: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
});

function isShared(file: unknown, channel: string): boolean {
  const known = shares.safeParse(file);
  if (!known.success) return false;
  const { public: open = {}, private: closed = {} } = known.data.shares ?? {};
  return channel in open || channel in closed;
}
