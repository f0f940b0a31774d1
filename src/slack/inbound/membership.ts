/**
 * Who is where: asked of Slack, because it changes without telling. What it said is believed for a few seconds, and few
 * channels are asked about at a time.
 */
import type { WebClient } from "@slack/web-api";
import { z } from "zod";
import { channelsOfViewers, type Directory, sitesOf } from "../../federation/deciding/visibility.ts";
import type { ChannelId, Person } from "../../federation/model/identity.ts";
import type { Federation } from "../../federation/model/state.ts";
import { oncePer } from "../once-per.ts";
import { failureOf } from "../slack-error.ts";

export interface Membership {
  /** False also where the bot cannot see. */
  isMember(channel: string, person: Person): Promise<boolean>;
  /** Why the bot cannot post in the channel; null when it can. */
  whyClosed(channel: string): Promise<"archived" | "not-a-member" | null>;
  /** Whether the person may know of the federation: asked about its channels only, until one has the person. */
  sees(person: Person, federation: Federation): Promise<boolean>;
  /** Those of the federations that the person may know of; not complete when too many channels would have to be asked about. */
  seenBy(person: Person, federations: readonly Federation[]): Promise<Seen>;
}

export interface Seen {
  readonly federations: readonly Federation[];
  readonly isComplete: boolean;
}

const page = z.object({
  members: z.array(z.string()).default([]),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

/** A channel of more members than these many pages of 1000 is not searched to its end. */
const MOST_PAGES = 50;
const AT_A_TIME = 3;
/** Slack answers a hundred such questions a minute: one command asks no more than these. */
const MOST_CHANNELS = 40;
const BELIEVED_MS = 10_000;
const MOST_KEPT = 200;

interface Kept {
  readonly until: number;
  readonly members: Promise<ReadonlySet<string>>;
  /** The same, as soon as Slack has said it: nobody has to wait for it any more. */
  said?: ReadonlySet<string>;
}

/** `now` is monotonic, in milliseconds. */
export function createMembership(
  slack: WebClient,
  directory: Directory,
  now: () => number = () => performance.now(),
): Membership {
  const kept = new Map<string, Kept>();
  const inTurn = fewAtATime(AT_A_TIME);
  const viewers = oncePer((federation: Federation) => channelsOfViewers(federation, directory));
  const channelsOf = (person: Person): ReadonlySet<ChannelId | null> =>
    new Set(sitesOf(person, directory).map(({ channel }) => channel));

  async function fetchMembers(channel: string): Promise<ReadonlySet<string>> {
    const members = new Set<string>();
    let cursor: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const answer = page.parse(
        await slack.conversations.members({ channel, limit: 1000, ...(cursor === undefined ? {} : { cursor }) }),
      );
      for (const member of answer.members) members.add(member);
      cursor = answer.response_metadata?.next_cursor;
      if (cursor === undefined || cursor === "") break;
    }
    return members;
  }

  /** What was asked about the channel lately. */
  function known(channel: string): Kept | undefined {
    const asked = kept.get(channel);
    return asked !== undefined && asked.until > now() ? asked : undefined;
  }

  function membersOf(channel: string): Promise<ReadonlySet<string>> {
    const asked = known(channel);
    if (asked !== undefined) return asked.members;
    const members = inTurn(() => fetchMembers(channel));
    const asking: Kept = { until: now() + BELIEVED_MS, members };
    members.then(
      (said) => {
        asking.said = said;
      },
      // A failure is not believed for longer than it takes to tell it.
      () => kept.delete(channel),
    );
    kept.delete(channel);
    kept.set(channel, asking);
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
    return members;
  }

  /** A channel that the bot cannot look into shows nothing to anybody. */
  const isMember = async (channel: string, person: Person): Promise<boolean> => {
    try {
      return (await membersOf(channel)).has(person.user);
    } catch (error) {
      if (failureOf(error).kind === "refused") return false;
      throw error;
    }
  };

  /** What is known already; null where Slack would have to be asked. */
  function isKnownInOne(channels: readonly ChannelId[], { user }: Person): boolean | null {
    const said = channels.map((channel) => known(channel)?.said);
    if (said.some((members) => members?.has(user))) return true;
    return said.includes(undefined) ? null : false;
  }

  async function isInOne(channels: readonly ChannelId[], person: Person): Promise<boolean> {
    for (let first = 0; first < channels.length; first += AT_A_TIME) {
      const answers = channels.slice(first, first + AT_A_TIME).map((channel) => isMember(channel, person));
      if ((await Promise.all(answers)).includes(true)) return true;
    }
    return false;
  }

  return {
    isMember,
    whyClosed: async (channel) => {
      try {
        const { channel: found } = await slack.conversations.info({ channel });
        if (found?.is_archived === true) return "archived";
        return found?.is_member === true ? null : "not-a-member";
      } catch (error) {
        if (failureOf(error).kind === "refused") return "not-a-member";
        throw error;
      }
    },
    sees: async (person, federation) => {
      const channels = likeliestFirst(viewers(federation), channelsOf(person));
      return isKnownInOne(channels, person) ?? (await isInOne(channels, person));
    },
    seenBy: async (person, federations) => {
      const seen: Federation[] = [];
      const asked = new Set<ChannelId>();
      const own = channelsOf(person);
      let isComplete = true;
      for (const federation of federations) {
        const channels = likeliestFirst(viewers(federation), own);
        const isSeen = isKnownInOne(channels, person);
        if (isSeen === true) seen.push(federation);
        if (isSeen !== null) continue;
        const affordable = channels.filter((channel) => {
          if (asked.has(channel) || known(channel) !== undefined) return true;
          if (asked.size >= MOST_CHANNELS) return false;
          asked.add(channel);
          return true;
        });
        if (await isInOne(affordable, person)) seen.push(federation);
        else if (affordable.length < channels.length) isComplete = false;
      }
      return { federations: seen, isComplete };
    },
  };
}

/** The channels of zones that the person owns first: there the answer is most likely yes. */
const likeliestFirst = (channels: readonly ChannelId[], own: ReadonlySet<ChannelId | null>): readonly ChannelId[] =>
  own.size === 0
    ? channels
    : [...channels.filter((channel) => own.has(channel)), ...channels.filter((channel) => !own.has(channel))];

/** Lets so many of the calls run at a time. */
function fewAtATime(most: number): <T>(call: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (call) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      return await call();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}
