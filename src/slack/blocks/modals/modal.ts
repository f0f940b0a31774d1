/** What a modal answers to its submission, and small modals that only tell something. */

import type { ViewResponseAction } from "@slack/bolt";
import type { ModalView } from "@slack/types";
import { type Blocks, fitting, plain, section } from "../elements.ts";

/** Blocks that a modal may hold. */
const MOST_BLOCKS = 100;

export type ModalAnswer =
  | { readonly kind: "done" }
  /** One sentence per mistake, by the block id of the input it belongs to. */
  | { readonly kind: "mistakes"; readonly mistakes: Readonly<Record<string, string>> }
  | { readonly kind: "told"; readonly title: string; readonly text: string }
  /** It takes longer than Slack waits; the modal is rewritten when it is done. */
  | { readonly kind: "working" };

export const message = (title: string, blocks: Blocks): ModalView => ({
  type: "modal",
  title: plain(title, 24),
  close: plain("Close", 24),
  blocks: [...fitting(blocks, MOST_BLOCKS)],
});

export function acknowledge(answer: ModalAnswer): ViewResponseAction | undefined {
  switch (answer.kind) {
    case "done":
      return undefined;
    case "mistakes":
      return { response_action: "errors", errors: { ...answer.mistakes } };
    case "told":
    case "working":
      return { response_action: "update", view: shown(answer) };
  }
}

export const shown = (answer: ModalAnswer): ModalView => message(titleOf(answer), [section(inWords(answer))]);

function titleOf(answer: ModalAnswer): string {
  switch (answer.kind) {
    case "done":
      return "Done";
    case "mistakes":
      return "Please correct";
    case "told":
      return answer.title;
    case "working":
      return "One moment";
  }
}

/** The same for somebody whose modal is closed. */
export const asMessage = (answer: ModalAnswer): string => `*${titleOf(answer)}*\n${inWords(answer)}`;

/** mrkdwn */
function inWords(answer: ModalAnswer): string {
  switch (answer.kind) {
    case "done":
      return "It is done. You can close this.";
    case "mistakes":
      return Object.values(answer.mistakes).join("\n");
    case "told":
      return answer.text;
    case "working":
      return "This takes a moment. The result is shown here.";
  }
}
