import type { Block } from "../block-kit/blocks.ts";
import type { StateValue } from "./state-values.ts";

export interface Message {
  readonly ts: string;
  channel: string;
  readonly threadTs?: string | undefined;
  /** A person's id, or the bot. */
  readonly author: { readonly kind: "bot" } | { readonly kind: "person"; readonly id: string };
  /** Only this person sees it, if it is ephemeral. */
  readonly onlyFor?: string | undefined;
  readonly files: readonly string[];
  readonly metadata?: unknown;
  text: string;
  blocks: Block[];
  editedTs?: string;
  /** What stood there before each edit, oldest first. */
  readonly before: { readonly text: string; readonly blocks: readonly Block[] }[];
  /** The change that made it what it is. */
  version: number;
  /** What people chose in the message's stateful elements, by `person/block_id/action_id`. */
  readonly chosen: Map<string, StateValue>;
}

/** All messages of all channels, ephemeral ones too, in order of posting. */
export interface Messages {
  readonly add: (message: Omit<Message, "before" | "chosen" | "version">) => Message;
  readonly find: (channel: string, ts: string) => Message | undefined;
  readonly edit: (message: Message, text: string, blocks: Block[], editedTs: string) => void;
  readonly remove: (message: Message) => void;
  readonly moveChannel: (from: string, to: string) => void;
  readonly inChannel: (channel: string) => readonly Message[];
  readonly ephemeralsFor: (person: string) => readonly Message[];
  /** All messages that came or were edited after that change, ephemeral ones too. */
  readonly changedSince: (version: number) => readonly Message[];
  /** Where messages stood that went after that change. */
  readonly goneSince: (version: number) => readonly Place[];
}

interface Place {
  readonly channel: string;
  readonly ts: string;
}

export function createMessages(note: () => number): Messages {
  const all = new Map<string, Message>();
  const gone: (Place & { readonly version: number })[] = [];
  const key = (channel: string, ts: string) => `${channel}/${ts}`;
  return {
    add: (fields) => {
      const message: Message = { ...fields, before: [], chosen: new Map(), version: 0 };
      all.set(key(message.channel, message.ts), message);
      message.version = note();
      return message;
    },
    find: (channel, ts) => all.get(key(channel, ts)),
    edit: (message, text, blocks, editedTs) => {
      message.before.push({ text: message.text, blocks: message.blocks });
      message.text = text;
      message.blocks = blocks;
      message.editedTs = editedTs;
      message.version = note();
    },
    remove: (message) => {
      const { channel, ts } = message;
      all.delete(key(channel, ts));
      gone.push({ channel, ts, version: note() });
    },
    moveChannel: (from, to) => {
      const version = note();
      for (const message of [...all.values()].filter(({ channel }) => channel === from)) {
        all.delete(key(from, message.ts));
        gone.push({ channel: from, ts: message.ts, version });
        message.channel = to;
        message.version = version;
        all.set(key(to, message.ts), message);
      }
    },
    inChannel: (channel) => [...all.values()].filter((each) => each.channel === channel && each.onlyFor === undefined),
    ephemeralsFor: (person) => [...all.values()].filter((each) => each.onlyFor === person),
    changedSince: (version) => [...all.values()].filter((each) => each.version > version),
    goneSince: (version) => gone.filter((each) => each.version > version).map(({ channel, ts }) => ({ channel, ts })),
  };
}
