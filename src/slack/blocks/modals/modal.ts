/** What a modal answers to its submission, and small modals that only tell something. */

import type { ViewResponseAction } from "@slack/bolt";
import type { ModalView } from "@slack/types";
import { type Blocks, plain, section } from "../elements.ts";

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
  blocks: blocks.slice(0, 100),
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

export function shown(answer: ModalAnswer): ModalView {
  switch (answer.kind) {
    case "done":
      return message("Done", [section("It is done. You can close this.")]);
    case "mistakes":
      return message("Please correct", [section(Object.values(answer.mistakes).join("\n"))]);
    case "told":
      return message(answer.title, [section(answer.text)]);
    case "working":
      return message("One moment", [section("This takes a moment. The result is shown here.")]);
  }
}
