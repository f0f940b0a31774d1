/** The question that some buttons ask first. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import type { TextObject } from "../../slack/block-kit/text-objects.ts";
import { Dialog } from "./dialog.tsx";
import { Text } from "./mrkdwn-text.tsx";

interface Question {
  readonly title: { readonly text: string };
  readonly text: TextObject;
  readonly confirm: { readonly text: string };
  readonly deny: { readonly text: string };
  readonly style?: "primary" | "danger" | undefined;
}

const asked = signal<{ readonly question: Question; readonly answer: (yes: boolean) => void } | null>(null);

/** Resolves to whether somebody confirmed. */
export function ask(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      question,
      answer: (yes) => {
        asked.value = null;
        resolve(yes);
      },
    };
  });
}

export function Confirmation(): JSX.Element | null {
  const now = asked.value;
  if (now === null) return null;
  const { question, answer } = now;
  return (
    <Dialog title={question.title.text} small close={() => answer(false)}>
      <div class="modal-body">
        <Text object={question.text} />
      </div>
      <div class="modal-foot">
        <button type="button" class="button usual" onClick={() => answer(false)}>
          {question.deny.text}
        </button>
        <button type="button" class={`button ${question.style ?? "primary"}`} onClick={() => answer(true)}>
          {question.confirm.text}
        </button>
      </div>
    </Dialog>
  );
}
