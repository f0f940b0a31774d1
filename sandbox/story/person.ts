/** One person at Slack: sees what is shown and uses what can be used, by the words on it. */
import { PATIENCE_MS, type SlackControl } from "../slack/client.ts";
import type { Experience, ShownMessage, ShownView } from "../slack/control/control-api.ts";

/** Slack gives a bot three seconds to open a modal, which a busy machine does not always have. */
const MOST_TRIES = 5;

type Answer = string | readonly string[] | null;

export class Player {
  readonly id: string;
  readonly #slack: SlackControl;
  readonly #patience: number;

  /** `patience`: milliseconds to wait for something to be shown. */
  constructor(slack: SlackControl, id: string, patience = PATIENCE_MS) {
    this.#slack = slack;
    this.id = id;
    this.#patience = patience;
  }

  type(channel: string, text: string): Promise<Experience> {
    return this.#slack.command({ person: this.id, channel, text });
  }

  /** Types a command that opens a modal, and again when the bot had no time to open it, as people do. */
  async open(channel: string, command: string, title: string): Promise<ShownView> {
    let told = "";
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const before = (await this.#slack.person(this.id)).ephemerals.length;
      const { problem } = await this.type(channel, command);
      if (problem !== undefined) {
        told = problem;
        continue;
      }
      const shown = await this.#modalOrWords(title, before);
      if (typeof shown !== "string") return shown;
      told = shown;
    }
    throw new Error(`${this.id} typed ${command} ${MOST_TRIES} times, and no modal came: ${told}`);
  }

  /** The modal on top, or what this person was told instead, whichever comes. */
  #modalOrWords(title: string, toldBefore: number): Promise<ShownView | string> {
    return this.#slack.until(
      `the modal ${title}`,
      async () => {
        const { views, ephemerals } = await this.#slack.person(this.id);
        const view = views.at(-1);
        return view?.title === title ? view : ephemerals.slice(toldBefore).at(-1)?.text;
      },
      this.#patience,
    );
  }

  mention(channel: string, text: string): Promise<Experience> {
    return this.#slack.mention({ person: this.id, channel, text });
  }

  /** Presses the button with that text on the newest message of the channel that has one. */
  async press(channel: string, button: string, about = ""): Promise<Experience> {
    const message = await this.messageWith(channel, button, about);
    const found = message.buttons.find(({ text }) => text === button);
    if (found === undefined) throw new Error(`The message has no button ${button}.`);
    return this.#slack.click({
      person: this.id,
      channel,
      ts: message.ts,
      // Slack makes up new block ids whenever a card is rewritten, also between a look and a click.
      actionId: found.actionId,
      confirm: true,
    });
  }

  /** The newest message with such a button whose text holds `about`, as soon as there is one. */
  messageWith(channel: string, button: string, about = ""): Promise<ShownMessage> {
    return this.#slack.until(
      `the button ${button} in ${channel}`,
      async () => {
        const { messages } = await this.#slack.channel(channel);
        const all: readonly ShownMessage[] = messages.flatMap((message) => [message, ...message.replies]);
        return all.findLast(
          ({ buttons, text }) => text.includes(about) && buttons.some((shown) => shown.text === button),
        );
      },
      this.#patience,
    );
  }

  /** The modal on top, once its title is this and it has all these fields. */
  view(title: string, labels: readonly string[] = []): Promise<ShownView> {
    return this.#slack.until(
      `the modal ${title} with ${labels.join(", ")}`,
      async () => {
        const view = (await this.#slack.person(this.id)).views.at(-1);
        const shown = view?.fields.map(({ label }) => label) ?? [];
        return view?.title === title && labels.every((label) => shown.includes(label)) ? view : undefined;
      },
      this.#patience,
    );
  }

  /** Fills fields in by their labels; of choices, by words in their texts. */
  async fill(view: ShownView, answers: Readonly<Record<string, Answer>>): Promise<void> {
    const values: Record<string, string | string[] | null> = {};
    for (const [label, answer] of Object.entries(answers)) {
      const field = view.fields.find((shown) => shown.label === label);
      if (field === undefined) throw new Error(`${view.title} has no field ${label}.`);
      values[field.blockId] = valuesFor(field, answer);
    }
    await this.#slack.fill({ person: this.id, viewId: view.viewId, values });
  }

  submit(view: ShownView): Promise<Experience> {
    return this.#slack.submit({ person: this.id, viewId: view.viewId });
  }

  close(view: ShownView): Promise<Experience> {
    return this.#slack.close({ person: this.id, viewId: view.viewId, all: true });
  }

  /** The newest message that only this person sees and that holds these words. */
  told(words: string): Promise<ShownMessage> {
    return this.#slack.until(
      `"${words}" told to ${this.id} alone`,
      async () => {
        const { ephemerals } = await this.#slack.person(this.id);
        return ephemerals.findLast(({ text }) => text.includes(words));
      },
      this.#patience,
    );
  }
}

function valuesFor(field: ShownView["fields"][number], answer: Answer): string | string[] | null {
  const { options } = field;
  if (answer === null) return null;
  if (options === undefined) return typeof answer === "string" ? answer : answer.join(" ");
  const pick = (words: string): string => {
    const option = options.find(({ text }) => text.includes(words));
    if (option === undefined) throw new Error(`${field.label} does not offer ${words}.`);
    return option.value;
  };
  return typeof answer === "string" ? pick(answer) : answer.map(pick);
}
