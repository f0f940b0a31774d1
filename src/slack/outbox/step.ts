/** One thing that is to be done in Slack so that it shows what is wanted. */
import type { Receipt } from "../../federation/ports.ts";
import type { Attachment, Card, DesiredMessage, Reply } from "../message.ts";
import type { Method } from "./pace.ts";

export type Step =
  | {
      readonly kind: "post";
      readonly message: Card | Reply;
      readonly content: string;
      readonly threadTs: string | null;
    }
  | { readonly kind: "rewrite"; readonly message: Card; readonly content: string; readonly receipt: Receipt }
  | {
      readonly kind: "upload";
      readonly message: Attachment;
      readonly content: string;
      readonly threadTs: string | null;
    }
  /** Whether Slack has shared a file that was uploaded. */
  | { readonly kind: "look"; readonly message: Attachment; readonly content: string; readonly file: string };

/** Every method that a step calls, its own first. */
export function methodsOf(step: Step): readonly Method[] {
  switch (step.kind) {
    case "post":
      return ["chat.postMessage", ...askingWhoReads(step.message)];
    case "rewrite":
      return ["chat.update", ...askingWhoReads(step.message)];
    case "upload":
      return ["files.upload", ...askingWhoReads(step.message)];
    case "look":
      return ["files.info"];
  }
}

const askingWhoReads = ({ audience }: DesiredMessage): readonly Method[] =>
  audience === null ? [] : ["conversations.info"];
