import type { Block } from "../block-kit/blocks.ts";
import { interactiveElements, isStateful, type Placed } from "../block-kit/walk.ts";
import type { Message } from "../state/messages.ts";
import type { Slack } from "../state/slack.ts";
import { optionsOf, type StateValue, shownValue, stateValues } from "../state/state-values.ts";
import { type OpenView, valuesOf } from "../state/views.ts";
import { plainTextOf } from "../text.ts";
import { type Channel, type Person, teamsOf } from "../world/world.ts";
import type {
  ChannelScreen,
  NewsScreen,
  PersonScreen,
  PostedMessage,
  ShownButton,
  ShownField,
  ShownMessage,
  ShownView,
  WorldScreen,
} from "./control-api.ts";

type Values = Readonly<Record<string, Readonly<Record<string, StateValue>>>>;

/** What one person has before them. */
export function screenOfPerson(slack: Slack, person: Person): PersonScreen {
  const home = slack.views.homeOf(person.id);
  return {
    id: person.id,
    name: person.name,
    workspace: person.workspace,
    channels: slack.world
      .channels()
      .filter((channel) => channel.members.includes(person.id))
      .map(({ id, name }) => ({ id, name })),
    views: shownViews(slack, person.id),
    ephemerals: slack.messages.ephemeralsFor(person.id).map((message) => shownMessage(slack, message)),
    home: home === undefined ? null : plainTextOf(home.blocks, "", nameIn(slack)),
  };
}

/** What became new after a version, for whoever draws everything that everybody sees. */
export function screenOfNews(slack: Slack, since: number): NewsScreen {
  return {
    version: slack.changes.count(),
    messages: slack.messages
      .changedSince(since)
      .map((message) => ({ ...postedMessage(slack, message), onlyFor: message.onlyFor ?? null })),
    gone: [...slack.messages.goneSince(since)],
    channels: slack.world.channels().map(channelHead),
    views: Object.fromEntries(
      slack.options.seed.people
        .map(({ id }) => [id, shownViews(slack, id)] as const)
        .filter(([, views]) => views.length > 0),
    ),
    homes: Object.fromEntries(
      slack.options.seed.people.flatMap(({ id }) => {
        const home = slack.views.homeOf(id);
        return home === undefined ? [] : [[id, home.blocks]];
      }),
    ),
  };
}

/** What everybody in a channel sees. */
export function screenOfChannel(slack: Slack, channel: Channel): ChannelScreen {
  const messages = slack.messages.inChannel(channel.id);
  const repliesTo = (ts: string) => messages.filter((each) => each.threadTs === ts && each.ts !== ts);
  return {
    ...channelHead(channel),
    messages: messages
      .filter((message) => message.threadTs === undefined || message.threadTs === message.ts)
      .map((message) => ({
        ...shownMessage(slack, message),
        replies: repliesTo(message.ts).map((reply) => shownMessage(slack, reply)),
      })),
  };
}

function channelHead(channel: Channel): NewsScreen["channels"][number] {
  const { id, name, pending, members, botIsMember, isArchived } = channel;
  return { id, name, workspaces: teamsOf(channel), pending, members, botIsMember, isArchived };
}

export function screenOfWorld(slack: Slack): WorldScreen {
  const { app } = slack.world;
  return {
    app: {
      id: app.id,
      name: app.name,
      command: app.command,
      workspace: app.workspace,
      botUserId: app.botUserId,
      connections: slack.sockets.count,
    },
    workspaces: slack.options.seed.workspaces.map(({ id, name }) => ({ id, name })),
    people: slack.options.seed.people.map(({ id, name, workspace }) => ({ id, name, workspace })),
    channels: slack.world.channels().map(({ id, name }) => ({ id, name })),
  };
}

function shownViews(slack: Slack, personId: string): ShownView[] {
  const stack = slack.views.stackOf(personId);
  return stack.map((view) => shownView(slack, view, view === stack.at(-1)));
}

function shownView(slack: Slack, view: OpenView, isTop: boolean): ShownView {
  const { body } = view;
  return {
    viewId: view.id,
    hash: view.hash,
    callbackId: body.callback_id ?? "",
    title: body.title.text,
    submit: body.submit?.text ?? null,
    close: body.close?.text ?? null,
    isTop,
    text: plainTextOf(body.blocks, "", nameIn(slack)),
    blocks: body.blocks,
    fields: fieldsOf(body.blocks, valuesOf(view), view.errors),
    buttons: buttonsOf(body.blocks),
    errors: { ...view.errors },
  };
}

function shownMessage(slack: Slack, message: Message): ShownMessage {
  const nameOf = nameIn(slack);
  const values = stateValues(message.blocks, () => undefined);
  return {
    ...postedMessage(slack, message),
    text: plainTextOf(message.blocks, message.text, nameOf),
    before: message.before.map(({ blocks, text }) => plainTextOf(blocks, text, nameOf)),
    buttons: buttonsOf(message.blocks),
    fields: fieldsOf(message.blocks, values, {}),
  };
}

function postedMessage(slack: Slack, message: Message): PostedMessage {
  return {
    ts: message.ts,
    channel: message.channel,
    threadTs: message.threadTs ?? null,
    author: message.author.kind === "bot" ? slack.world.app.botUserId : message.author.id,
    isBot: message.author.kind === "bot",
    fallback: message.text,
    blocks: message.blocks,
    isEdited: message.editedTs !== undefined,
    files: message.files.flatMap((id) => {
      const file = slack.files.find(id);
      return file === undefined
        ? []
        : [{ id, name: file.name, title: file.title, text: file.content?.toString() ?? "" }];
    }),
  };
}

function buttonsOf(blocks: readonly Block[]): ShownButton[] {
  return interactiveElements(blocks).flatMap(({ block, element }) => {
    if (element.type !== "button" && element.type !== "overflow") return [];
    const asks = element.confirm?.text.text;
    return [
      {
        blockId: block.block_id ?? "",
        actionId: element.action_id ?? "",
        kind: element.type,
        text: element.type === "button" ? element.text.text : element.options.map(({ text }) => text.text).join(" / "),
        ...(element.type === "button" && element.value !== undefined ? { value: element.value } : {}),
        ...(element.type === "button" && element.url !== undefined ? { url: element.url } : {}),
        ...(asks === undefined ? {} : { asks }),
      },
    ];
  });
}

function fieldsOf(blocks: readonly Block[], values: Values, errors: Readonly<Record<string, string>>): ShownField[] {
  return interactiveElements(blocks).flatMap((placed) => {
    const field = fieldOf(placed, values, errors);
    return field === undefined ? [] : [field];
  });
}

function fieldOf(
  { block, element }: Placed,
  values: Values,
  errors: Readonly<Record<string, string>>,
): ShownField | undefined {
  if (!isStateful(element)) return undefined;
  const blockId = block.block_id ?? "";
  const actionId = element.action_id ?? "";
  const value = values[blockId]?.[actionId];
  const options = optionsOf(element)?.map((option) => ({ value: option.value, text: option.text.text }));
  const error = errors[blockId];
  return {
    blockId,
    actionId,
    kind: element.type,
    label: labelOf(block),
    value: value === undefined ? null : copied(shownValue(value)),
    ...(options === undefined ? {} : { options }),
    optional: block.type !== "input" || block.optional === true,
    dispatches: block.type !== "input" || block.dispatch_action === true,
    ...(error === undefined ? {} : { error }),
  };
}

function copied(given: string | readonly string[] | null): string | string[] | null {
  return typeof given === "string" || given === null ? given : [...given];
}

function labelOf(block: Block): string {
  if (block.type === "input") return block.label.text;
  return block.type === "section" ? (block.text?.text ?? "") : "";
}

function nameIn(slack: Slack): (id: string) => string | undefined {
  const { world } = slack;
  return (id) => (id === world.app.botUserId ? world.app.name : (world.person(id)?.name ?? world.channel(id)?.name));
}
