/** One federation among others in the same sandbox: what is said about it and where, and the hands of its people. */

import type { Experience, ShownMessage } from "../../sandbox/slack/control/control-api.ts";
import type { FederationWish, Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";

export class FederationStory {
  readonly stage: Stage;
  readonly wish: FederationWish;

  constructor(stage: Stage, wish: FederationWish) {
    this.stage = stage;
    this.wish = wish;
  }

  get name(): string {
    return this.wish.name;
  }

  get zones(): readonly string[] {
    return [this.wish.coordinator, ...this.wish.training];
  }

  ask(): Promise<void> {
    return this.stage.askFor(this.wish);
  }

  async askAndApprove(): Promise<void> {
    await this.ask();
    for (const zone of this.zones) await this.press(zone, "Approve");
  }

  /** The zone's first owner presses a button about this federation in the zone's channel. */
  press(zone: string, button: string): Promise<Experience> {
    return this.stage.owner(zone).press(zoneChannel(zone), button, this.#inZone);
  }

  /** The federation's card and its replies in the home channel. */
  async thread(): Promise<readonly ShownMessage[]> {
    const { messages } = await this.stage.slack.channel(homeChannel);
    const card = messages.findLast(({ text }) => text.startsWith(`Federation ${this.name}\n`));
    return card === undefined ? [] : [card, ...card.replies];
  }

  async threadText(): Promise<string> {
    return textOf(await this.thread());
  }

  /** What stands in a zone's channel about this federation, threads included. */
  async inZone(zone: string): Promise<readonly ShownMessage[]> {
    const { messages } = await this.stage.slack.channel(zoneChannel(zone));
    return messages.filter(({ text }) => this.#isAbout(text)).flatMap((message) => [message, ...message.replies]);
  }

  async zoneText(zone: string): Promise<string> {
    return textOf(await this.inZone(zone));
  }

  /** As soon as the thread holds a message with all these words; that message. */
  says(...words: readonly string[]): Promise<string> {
    return this.#until(`the thread of ${this.name}`, () => this.thread(), words);
  }

  /** As soon as a message about this federation in the zone's channel holds all these words; that message. */
  zoneReads(zone: string, ...words: readonly string[]): Promise<string> {
    return this.#until(`${zone}'s channel about ${this.name}`, () => this.inZone(zone), words);
  }

  /** The buttons that the zone's channel offers about this federation, on whatever message. */
  async buttons(zone: string): Promise<readonly string[]> {
    return (await this.inZone(zone)).flatMap(({ buttons }) => buttons.map(({ text }) => text));
  }

  /** As soon as the zone's channel offers the button: a card is rewritten a little later than its reply is posted. */
  async offers(zone: string, button: string): Promise<void> {
    const offered = async (): Promise<true | undefined> => (await this.buttons(zone)).includes(button) || undefined;
    await this.stage.slack.until(`${button} in ${zone}'s channel`, offered, this.stage.patience);
  }

  async offersNoMore(zone: string, button: string): Promise<void> {
    const gone = async (): Promise<true | undefined> => !(await this.buttons(zone)).includes(button) || undefined;
    await this.stage.slack.until(`${zone}'s channel without ${button}`, gone, this.stage.patience);
  }

  isUp(zone: string): Promise<string> {
    return this.says(`(${zone})`, "is up");
  }

  get #inZone(): string {
    return `ederation ${this.name}`;
  }

  #isAbout(text: string): boolean {
    return new RegExp(`\\b${this.name}\\b`).test(text);
  }

  async #until(where: string, look: () => Promise<readonly ShownMessage[]>, words: readonly string[]): Promise<string> {
    const { slack, patience } = this.stage;
    const found = async (): Promise<string | undefined> =>
      (await look()).map(({ text }) => text).find((text) => words.every((word) => text.includes(word)));
    try {
      return await slack.until(`${words.join(" … ")} in ${where}`, found, patience);
    } catch (cause) {
      throw new Error(`${String(cause)}\nThere stands:\n${textOf(await look())}`, { cause });
    }
  }
}

const textOf = (messages: readonly ShownMessage[]): string => messages.map(({ text }) => text).join("\n");
