/** One person's hand: finds what is meant by the words on it, uses it, and tells what the person reads then. */
import { ControlError, type SlackControl } from "../slack/client.ts";
import type { Experience, ShownMessage, ShownView, WorldScreen } from "../slack/control/control-api.ts";
import { homeChannel } from "../zones-file.ts";

/** How long somebody looks for what comes after a press. */
const LOOK_MS = 20_000;
const REQUESTER = "U0REQUEST1";
/** The form's field that has to be filled in and says nothing to a machine: what it is for. */
const PURPOSE = "What it is for";
const OWNER = /^(?:second-)?owner-(.)$/;

export class Hand {
  readonly #slack: SlackControl;
  readonly #world: WorldScreen;

  private constructor(slack: SlackControl, world: WorldScreen) {
    this.#slack = slack;
    this.#world = world;
  }

  static async reach(slack: SlackControl): Promise<Hand> {
    return new Hand(slack, await slack.world());
  }

  /** @returns what is read afterwards. @throws Error with a sentence when it cannot be done */
  async carryOut([who = "", what = "", ...rest]: readonly string[]): Promise<string> {
    if (who === "show") return await this.#channelText(what);
    const person = this.#personCalled(who);
    switch (what) {
      case "show":
        return await this.#channelText(rest[0] ?? "federation");
      case "deploy-site":
        return await this.#deploy(person, rest);
      case "approve":
        return await this.#press(person, "Approve", rest.join(" "));
      case "home":
        return await this.#home(person);
      case "press":
        return await this.#press(person, rest[0] ?? "", rest.slice(1).join(" "));
      case "":
        throw new Error(
          `Say what ${who} does: deploy-site, approve, press, status, zones, teardown, help, home or show.`,
        );
      default:
        return await this.#ask(person, [what, ...rest].join(" "));
    }
  }

  #personCalled(who: string): WorldScreen["people"][number] {
    const { people } = this.#world;
    const found = people.find(
      ({ id, name }) => name === who || id === who || (who === "requester" && id === REQUESTER),
    );
    if (found !== undefined) return found;
    throw new Error(`Nobody is called ${who}. There are: requester, ${people.map(({ name }) => name).join(", ")}.`);
  }

  #channelCalled(name: string): string {
    const found = this.#world.channels.find(
      (channel) => channel.name === name.replace(/^#/, "") || channel.id === name,
    );
    if (found !== undefined) return found.id;
    throw new Error(
      `No channel is called ${name}. There are: ${this.#world.channels.map((one) => one.name).join(", ")}.`,
    );
  }

  /** Where a person's cards are: an owner's in the zone's channel, everybody's in the home channel. */
  #channelsOf({ name }: WorldScreen["people"][number]): readonly string[] {
    const letter = OWNER.exec(name)?.[1];
    return [...(letter === undefined ? [] : [this.#channelCalled(`zone-${letter}`)]), homeChannel];
  }

  async #deploy({ id: person }: WorldScreen["people"][number], given: readonly string[]): Promise<string> {
    done(await this.#slack.command({ person, channel: homeChannel, text: "deploy-site" }));
    let view = await this.#topView(person);
    const isSaid = given.some((pair) => PURPOSE.toLowerCase().startsWith(wordsOf(pair.split("=")[0] ?? "")));
    if (!isSaid)
      await this.#slack.fill({
        person,
        viewId: view.viewId,
        values: { [fieldCalled(view, PURPOSE).blockId]: "Trying it out." },
      });
    // Choosing a zone brings that zone's fields, so each is looked for in the form as it is then.
    for (const pair of given) {
      const [name = "", value = ""] = pair.split(/=(.*)/s);
      const field = fieldCalled(view, name);
      const values = field.kind.startsWith("multi_") ? value.split(",") : value;
      await this.#slack.fill({ person, viewId: view.viewId, values: { [field.blockId]: values } });
      view = field.dispatches ? await this.#redrawn(person, view) : await this.#topView(person);
    }
    const answer = await this.#slack.submit({ person, viewId: view.viewId });
    const mistakes = Object.entries(answer.errors ?? {});
    if (mistakes.length > 0) {
      await this.#slack.close({ person, viewId: view.viewId });
      const labelOf = (block: string) => view.fields.find(({ blockId }) => blockId === block)?.label ?? block;
      throw new Error(mistakes.map(([block, text]) => `${labelOf(block)}: ${text}`).join("\n"));
    }
    done(answer);
    return "The owners are asked. See it with: show federation";
  }

  /** The form after what a choice did to it. */
  #redrawn(person: string, before: ShownView): Promise<ShownView> {
    const look = async () => (await this.#slack.person(person)).views.find(({ hash }) => hash !== before.hash);
    return this.#slack.until("the form with what the choice brings", look, LOOK_MS);
  }

  #topView(person: string): Promise<ShownView> {
    return this.#slack.until("the form", async () => (await this.#slack.person(person)).views.at(-1), LOOK_MS);
  }

  async #press(person: WorldScreen["people"][number], button: string, about: string): Promise<string> {
    const { id } = person;
    const words = about === "" ? "" : ` and “${about}”`;
    const what = `a card with the button ${button}${words}`;
    // Cards come a little after what they follow from.
    const found = await this.#slack.until(what, () => this.#cardWith(person, button, about), LOOK_MS);
    const { channel, card, actionId } = found;
    const seen = await this.#ephemerals(id);
    done(await this.#slack.click({ person: id, channel, ts: card.ts, actionId, confirm: true }));
    return await this.#whatCame(id, seen, channel, card);
  }

  /** The newest that the person can see. */
  async #cardWith(person: WorldScreen["people"][number], button: string, about: string) {
    for (const channel of this.#channelsOf(person)) {
      for (const card of (await this.#messages(channel)).toReversed()) {
        const pressed = card.buttons.find(({ text }) => text === button);
        if (pressed !== undefined && card.text.includes(about)) return { channel, card, actionId: pressed.actionId };
      }
    }
    return undefined;
  }

  /** A modal, words for this person alone, or the card as it became. */
  #whatCame(person: string, seen: number, channel: string, card: ShownMessage): Promise<string> {
    const look = async (): Promise<string | undefined> => {
      const screen = await this.#slack.person(person);
      const view = screen.views.at(-1);
      if (view !== undefined) {
        await this.#slack.close({ person, viewId: view.viewId, all: true });
        return `${view.title}\n${view.text}`;
      }
      if (screen.ephemerals.length > seen) return onlyFor(screen.ephemerals.at(-1));
      const now = (await this.#messages(channel)).find(({ ts }) => ts === card.ts);
      return now !== undefined && now.text !== card.text ? now.text : undefined;
    };
    return this.#slack.until("what comes of it", look, LOOK_MS);
  }

  async #ask({ id: person, workspace }: WorldScreen["people"][number], text: string): Promise<string> {
    const seen = await this.#ephemerals(person);
    const gesture = { person, channel: homeChannel, text };
    const hasCommand = workspace === this.#world.app.workspace;
    done(await (hasCommand ? this.#slack.command(gesture) : this.#slack.mention(gesture)));
    const look = async (): Promise<string | undefined> => {
      const { ephemerals } = await this.#slack.person(person);
      return ephemerals.length > seen ? ephemerals.slice(seen).map(onlyFor).join("\n\n") : undefined;
    };
    return await this.#slack.until("the answer", look, LOOK_MS);
  }

  /** @throws Error for people to whom Slack shows no home of the app */
  async #home({ id: person }: WorldScreen["people"][number]): Promise<string> {
    done(await this.#slack.home({ person }));
    const look = async () => (await this.#slack.person(person)).home ?? undefined;
    return await this.#slack.until("the home", look, LOOK_MS);
  }

  async #ephemerals(person: string): Promise<number> {
    return (await this.#slack.person(person)).ephemerals.length;
  }

  async #messages(channel: string): Promise<readonly ShownMessage[]> {
    const { messages } = await this.#slack.channel(channel);
    return messages.flatMap(({ replies, ...message }) => [message, ...replies]);
  }

  async #channelText(name: string): Promise<string> {
    const { messages } = await this.#slack.channel(this.#channelCalled(name));
    if (messages.length === 0) return "Nothing has been written there yet.";
    return messages
      .map(({ replies, text }) => [text, ...replies.map((reply) => indented(reply.text))].join("\n"))
      .join("\n\n");
  }
}

const indented = (text: string): string => `  ↳ ${text.replaceAll("\n", "\n    ")}`;
const onlyFor = (message: ShownMessage | undefined): string => `(only you see this)\n${message?.text ?? ""}`;

const wordsOf = (name: string): string => name.toLowerCase().replaceAll("-", " ");

function fieldCalled({ fields }: ShownView, name: string): ShownView["fields"][number] {
  const words = wordsOf(name);
  const found = fields.find(({ label }) => label.toLowerCase().startsWith(words));
  if (found !== undefined) return found;
  throw new Error(`The form has no field ${name}. It has: ${fields.map(({ label }) => label).join(", ")}.`);
}

/** @throws Error with what the person reads instead of success */
function done({ problem }: Experience): void {
  if (problem !== undefined) throw new ControlError(409, problem);
}
