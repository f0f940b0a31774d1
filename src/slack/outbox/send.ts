/** Carries out one step towards Slack and says what came of it. The same rules hold for every kind of step. */
import type { WebClient } from "@slack/web-api";
import type { ChannelIds } from "../../federation/ports.ts";
import { WITHHELD } from "../refusals.ts";
import type { SlackFailure } from "../slack-error.ts";
import { whoMustNotRead } from "./audience.ts";
import type { Answer, Call } from "./call.ts";
import { sharedAs, uploadedFile } from "./files.ts";
import type { Step } from "./step.ts";

type StepOf<Kind extends Step["kind"]> = Step & { readonly kind: Kind };

export type Outcome =
  | { readonly kind: "posted"; readonly step: StepOf<"post">; readonly ts: string }
  | { readonly kind: "rewritten"; readonly step: StepOf<"rewrite"> }
  | { readonly kind: "uploaded"; readonly step: StepOf<"upload">; readonly file: string }
  | { readonly kind: "shared"; readonly step: StepOf<"look">; readonly ts: string }
  | { readonly kind: "not-shared-yet" }
  | { readonly kind: "withheld"; readonly because: string }
  | { readonly kind: "failed"; readonly failure: SlackFailure };

export interface Sending {
  readonly slack: WebClient;
  readonly channels: Pick<ChannelIds, "newest">;
  readonly call: Call;
}

/** `isTextOnly`: Slack has refused the blocks. */
export async function send(sending: Sending, step: Step, isTextOnly: boolean): Promise<Outcome> {
  if (step.kind !== "look") {
    const withheld = await whoMustNotRead(sending.slack, sending.call, step.message);
    if (!withheld.ok) return { kind: "failed", failure: withheld.failure };
    if (withheld.value.length > 0) return { kind: "withheld", because: `${WITHHELD}${withheld.value.join(",")}` };
  }
  switch (step.kind) {
    case "post":
      return await post(sending, step, isTextOnly);
    case "rewrite":
      return await rewrite(sending, step, isTextOnly);
    case "upload":
      return await upload(sending, step);
    case "look":
      return await look(sending, step);
  }
}

async function post({ slack, call }: Sending, step: StepOf<"post">, isTextOnly: boolean): Promise<Outcome> {
  const { message, threadTs } = step;
  const answer = await call("chat.postMessage", () =>
    slack.chat.postMessage({
      channel: message.channel,
      text: message.text,
      ...(isTextOnly ? {} : { blocks: [...message.blocks] }),
      ...(threadTs === null ? {} : { thread_ts: threadTs }),
      unfurl_links: false,
      unfurl_media: false,
    }),
  );
  return concluded(answer, ({ ts }) => (ts === undefined ? unusable("no ts") : { kind: "posted", step, ts }));
}

/** Blocks are named even when there are none: those that stand would stay. */
async function rewrite({ slack, call }: Sending, step: StepOf<"rewrite">, isTextOnly: boolean): Promise<Outcome> {
  const { message, receipt } = step;
  const answer = await call("chat.update", () =>
    slack.chat.update({
      channel: receipt.channel,
      ts: receipt.ts,
      text: message.text,
      blocks: isTextOnly ? [] : [...message.blocks],
    }),
  );
  return concluded(answer, () => ({ kind: "rewritten", step }));
}

async function upload({ slack, call }: Sending, step: StepOf<"upload">): Promise<Outcome> {
  const { message, threadTs } = step;
  const content = { filename: message.name, title: message.name, file: Buffer.from(message.content, "utf8") };
  const answer = await call("files.upload", () =>
    threadTs === null
      ? slack.filesUploadV2({ channel_id: message.channel, ...content })
      : slack.filesUploadV2({ channel_id: message.channel, thread_ts: threadTs, ...content }),
  );
  return concluded(answer, (value) => {
    const file = uploadedFile(value);
    return file === undefined ? unusable("no file") : { kind: "uploaded", step, file };
  });
}

async function look({ slack, channels, call }: Sending, step: StepOf<"look">): Promise<Outcome> {
  const answer = await call("files.info", () => slack.files.info({ file: step.file }));
  return concluded(answer, (value) => {
    const ts = sharedAs(value.file, step.file, channels.newest(step.message.channel));
    return ts === null ? { kind: "not-shared-yet" } : { kind: "shared", step, ts };
  });
}

const concluded = <Value>(answer: Answer<Value>, conclude: (value: Value) => Outcome): Outcome =>
  answer.ok ? conclude(answer.value) : { kind: "failed", failure: answer.failure };

const unusable = (error: string): Outcome => ({
  kind: "failed",
  failure: { kind: "unanswered", error, mayBeDone: true },
});
