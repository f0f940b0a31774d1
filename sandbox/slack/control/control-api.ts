import { z } from "zod";
import { DISCONNECT_REASONS } from "../socket-mode/envelope.ts";
import type { settingsChange } from "../state/settings.ts";

const given = z.union([z.string(), z.array(z.string()), z.null()]);
const values = z.record(z.string(), given);

/** What somebody points at: an element by its `action_id`, and by its block and value where that leaves a choice. */
const pointer = z.strictObject({
  person: z.string(),
  actionId: z.string(),
  blockId: z.string().optional(),
  /** The value the button is expected to carry. */
  value: z.string().optional(),
  /** What is chosen or typed, for everything but a button. */
  selected: given.optional(),
  /** Whether the person confirms if they are asked to. */
  confirm: z.boolean().optional(),
});
const messageClick = pointer.extend({ channel: z.string(), ts: z.string() });
const modalClick = pointer.extend({ viewId: z.string() });

export const commandRequest = z.strictObject({
  person: z.string(),
  channel: z.string(),
  command: z.string().optional(),
  text: z.string(),
  /** Typed in a thread, which Slack does not pass on. */
  threadTs: z.string().optional(),
});
/** What a person writes: to people, of which the app hears nothing, or to the app by mentioning it. */
export const messageRequest = z.strictObject({
  person: z.string(),
  channel: z.string(),
  text: z.string(),
  threadTs: z.string().optional(),
  /** Attached to the message. */
  files: z.array(z.strictObject({ name: z.string(), content: z.string() })).optional(),
});
export const clickRequest = z.union([messageClick, modalClick]);
/** Values by `block_id`. */
export const fillRequest = z.strictObject({ person: z.string(), viewId: z.string(), values });
/** `values` are filled in first. */
export const submitRequest = z.strictObject({ person: z.string(), viewId: z.string(), values: values.optional() });
export const closeRequest = z.strictObject({ person: z.string(), viewId: z.string(), all: z.boolean().optional() });
/** Opens the home that the app has in Slack. */
export const homeRequest = z.strictObject({ person: z.string() });
export const eventsUrlRequest = z.strictObject({
  url: z.url(),
  /** Sends `url_verification` first and keeps the URL only if the challenge comes back. */
  verify: z.boolean().default(false),
});

export const envelopeRequest = z.strictObject({ type: z.string(), payload: z.unknown() });
/** What is done to the connections of Socket Mode: asked to be replaced, cut, or sent any text over one of them. */
export const socketRequest = z.union([
  z.strictObject({ replace: z.enum(DISCONNECT_REASONS) }),
  z.strictObject({ cut: z.literal(true) }),
  z.strictObject({ say: z.string() }),
]);

export type Pointer = Omit<z.infer<typeof pointer>, "person">;
export type MessageClick = z.infer<typeof messageClick>;
export type ModalClick = z.infer<typeof modalClick>;
export type CommandRequest = z.infer<typeof commandRequest>;
export type MessageRequest = z.infer<typeof messageRequest>;
export type FillRequest = z.infer<typeof fillRequest>;
export type SubmitRequest = z.infer<typeof submitRequest>;
export type CloseRequest = z.infer<typeof closeRequest>;
export type HomeRequest = z.infer<typeof homeRequest>;
export type EventsUrlRequest = z.input<typeof eventsUrlRequest>;
export type EnvelopeRequest = z.infer<typeof envelopeRequest>;
export type SocketRequest = z.infer<typeof socketRequest>;
export type SettingsRequest = z.input<typeof settingsChange>;

const shownElement = {
  blockId: z.string(),
  actionId: z.string(),
  kind: z.string(),
};
const shownButton = z.object({
  ...shownElement,
  text: z.string(),
  value: z.string().optional(),
  url: z.string().optional(),
  asks: z.string().optional(),
});
const shownField = z.object({
  ...shownElement,
  label: z.string(),
  value: given,
  options: z.array(z.object({ value: z.string(), text: z.string() })).optional(),
  optional: z.boolean(),
  /** Whether a change is told to the app at once. */
  dispatches: z.boolean(),
  error: z.string().optional(),
});

/** A modal as the person before it sees it. Private metadata is not on the screen. */
const shownView = z.object({
  viewId: z.string(),
  hash: z.string(),
  callbackId: z.string(),
  title: z.string(),
  submit: z.string().nullable(),
  close: z.string().nullable(),
  isTop: z.boolean(),
  text: z.string(),
  blocks: z.array(z.record(z.string(), z.unknown())),
  fields: z.array(shownField),
  buttons: z.array(shownButton),
  /** What the last submission was answered with, by `block_id`. */
  errors: z.record(z.string(), z.string()),
});

const shownFile = z.object({ id: z.string(), name: z.string(), title: z.string(), text: z.string() });

/** A message as it stands, for whoever draws it: without what it was before. */
const postedMessage = z.object({
  ts: z.string(),
  channel: z.string(),
  threadTs: z.string().nullable(),
  /** A person's id, or the app's user id. */
  author: z.string(),
  isBot: z.boolean(),
  /** The text that notifications show. */
  fallback: z.string(),
  blocks: z.array(z.record(z.string(), z.unknown())),
  isEdited: z.boolean(),
  files: z.array(shownFile),
});
const shownMessage = postedMessage.extend({
  /** What a person reads: the blocks, or the text if there are none. */
  text: z.string(),
  /** What stood there before each edit, oldest first. */
  before: z.array(z.string()),
  buttons: z.array(shownButton),
  fields: z.array(shownField),
});

export const personScreen = z.object({
  id: z.string(),
  name: z.string(),
  workspace: z.string(),
  channels: z.array(z.object({ id: z.string(), name: z.string() })),
  /** Open modals, the top one last. */
  views: z.array(shownView),
  ephemerals: z.array(shownMessage),
  home: z.string().nullable(),
});

const channelHead = z.object({
  id: z.string(),
  name: z.string(),
  /** The workspaces in it, the host first. */
  workspaces: z.array(z.string()),
  pending: z.array(z.string()),
  members: z.array(z.string()),
  botIsMember: z.boolean(),
  isArchived: z.boolean(),
});
export const channelScreen = channelHead.extend({
  /** Top-level messages with their threads. */
  messages: z.array(shownMessage.extend({ replies: z.array(shownMessage) })),
});

/** What became new after a version: the messages that changed, and all else that is small as it is now. */
export const newsScreen = z.object({
  version: z.number(),
  /** Messages that came or were edited; `onlyFor` names the one person who sees an ephemeral one. */
  messages: z.array(postedMessage.extend({ onlyFor: z.string().nullable() })),
  gone: z.array(z.object({ channel: z.string(), ts: z.string() })),
  channels: z.array(channelHead),
  /** Whoever has modals open, the top one last. */
  views: z.record(z.string(), z.array(shownView)),
  /** The blocks of each home that the app has published, by person. */
  homes: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
});

export const worldScreen = z.object({
  app: z.object({
    id: z.string(),
    name: z.string(),
    command: z.string(),
    workspace: z.string(),
    botUserId: z.string(),
    /** How many connections it has open in Socket Mode. */
    connections: z.number(),
  }),
  workspaces: z.array(z.object({ id: z.string(), name: z.string() })),
  people: z.array(z.object({ id: z.string(), name: z.string(), workspace: z.string() })),
  channels: z.array(z.object({ id: z.string(), name: z.string() })),
});

export const callList = z.array(
  z.object({
    n: z.number(),
    at: z.string(),
    method: z.string(),
    args: z.record(z.string(), z.unknown()),
    /** 0 if the call was left without an answer on purpose. */
    status: z.number(),
    ok: z.boolean(),
    error: z.string().optional(),
  }),
);

export const deliveryList = z.array(
  z.object({
    n: z.number(),
    at: z.string(),
    kind: z.string(),
    repeat: z.boolean(),
    body: z.string(),
    acknowledgement: z.object({
      status: z.number().nullable(),
      ackMs: z.number(),
      body: z.string(),
      failure: z.string().optional(),
    }),
  }),
);

/** What a person experienced when they did something. */
export const experience = z.object({
  /** Whether the app got it and acknowledged it. */
  delivered: z.boolean(),
  /** HTTP status of the acknowledgement; null if none came, or nothing was sent. */
  status: z.number().nullable(),
  ackMs: z.number(),
  body: z.string(),
  /** Sentences under fields of the modal, by `block_id`. */
  errors: z.record(z.string(), z.string()).optional(),
  /** What the person reads instead of success, or what Slack would hold against the app. */
  problem: z.string().optional(),
});

export const version = z.object({ version: z.number() });
export const done = z.object({ ok: z.literal(true) });

export type ShownButton = z.infer<typeof shownButton>;
export type ShownField = z.infer<typeof shownField>;
export type ShownView = z.infer<typeof shownView>;
export type PostedMessage = z.infer<typeof postedMessage>;
export type ShownMessage = z.infer<typeof shownMessage>;
export type NewsScreen = z.infer<typeof newsScreen>;
export type PersonScreen = z.infer<typeof personScreen>;
export type ChannelScreen = z.infer<typeof channelScreen>;
export type WorldScreen = z.infer<typeof worldScreen>;
export type ApiCallList = z.infer<typeof callList>;
export type DeliveryList = z.infer<typeof deliveryList>;
export type Experience = z.infer<typeof experience>;
