/**
 * Who is where: asked of Slack, because it changes without telling. What it said is believed for a few seconds, and few
 * channels are asked about at a time.
 */
import type { WebClient } from "@slack/web-api";
import { z } from "zod";
import { channelsOfViewers, type Directory } from "../../federation/deciding/visibility.ts";
import type { ChannelId, Person } from "../../federation/model/identity.ts";
import type { Federation } from "../../federation/model/state.ts";
import { failureOf } from "../slack-error.ts";

export interface Membership {
  /** False also where the bot cannot see. */
  isMember(channel: string, person: Person): Promise<boolean>;
  /** Whether the bot is a member of the channel. */
  botIsIn(channel: string): Promise<boolean>;
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
}

/** `now` is monotonic, in milliseconds. */
export function createMembership(
  slack: WebClient,
  directory: Directory,
  now: () => number = () => performance.now(),
): Membership {
  const kept = new Map<string, Kept>();
  const inTurn = fewAtATime(AT_A_TIME);

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

  const isKnown = (channel: string): boolean => (kept.get(channel)?.until ?? Number.NEGATIVE_INFINITY) > now();

  function membersOf(channel: string): Promise<ReadonlySet<string>> {
    const known = kept.get(channel);
    if (known !== undefined && known.until > now()) return known.members;
    const members = inTurn(() => fetchMembers(channel));
    // A failure is not believed for longer than it takes to tell it.
    members.catch(() => kept.delete(channel));
    kept.delete(channel);
    kept.set(channel, { until: now() + BELIEVED_MS, members });
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

  async function isInOne(channels: readonly ChannelId[], person: Person): Promise<boolean> {
    for (let first = 0; first < channels.length; first += AT_A_TIME) {
      const answers = channels.slice(first, first + AT_A_TIME).map((channel) => isMember(channel, person));
      if ((await Promise.all(answers)).includes(true)) return true;
    }
    return false;
  }

  return {
    isMember,
    botIsIn: async (channel) => {
      try {
        const answer = await slack.conversations.info({ channel });
        return answer.channel?.is_member === true;
      } catch (error) {
        if (failureOf(error).kind === "refused") return false;
        throw error;
      }
    },
    sees: (person, federation) => isInOne(viewersFor(federation, directory, person), person),
    seenBy: async (person, federations) => {
      const seen: Federation[] = [];
      const asked = new Set<ChannelId>();
      let isComplete = true;
      for (const federation of federations) {
        const channels = viewersFor(federation, directory, person);
        const affordable = channels.filter((channel) => {
          if (asked.has(channel) || isKnown(channel)) return true;
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
function viewersFor(federation: Federation, directory: Directory, { team, user }: Person): readonly ChannelId[] {
  const own = new Set(
    [...federation.sites.keys()].flatMap((name) => {
      const profile = directory.zones.get(name);
      const isOwner = profile?.owners.some((owner) => owner.team === team && owner.user === user) === true;
      return isOwner && profile.channel !== null ? [profile.channel] : [];
    }),
  );
  const rest = channelsOfViewers(federation, directory).filter((channel) => !own.has(channel));
  return [...own, ...rest];
}

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
