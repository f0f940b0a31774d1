/** Who is where: asked of Slack each time, because it changes without telling. */
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
  /** Those of the federations that the person may know of. */
  visibleTo(person: Person, federations: readonly Federation[]): Promise<readonly Federation[]>;
}

const page = z.object({
  members: z.array(z.string()).default([]),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

/** A channel of more members than these many pages of 1000 is not searched to its end. */
const MOST_PAGES = 50;

export function createMembership(slack: WebClient, directory: Directory): Membership {
  async function isMember(channel: string, person: Person): Promise<boolean> {
    let cursor: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const answer = page.parse(
        await slack.conversations.members({ channel, limit: 1000, ...(cursor === undefined ? {} : { cursor }) }),
      );
      if (answer.members.includes(person.user)) return true;
      cursor = answer.response_metadata?.next_cursor;
      if (cursor === undefined || cursor === "") return false;
    }
    return false;
  }

  /** A channel that the bot cannot look into shows nothing to anybody. */
  const isKnownMember = async (channel: string, person: Person): Promise<boolean> => {
    try {
      return await isMember(channel, person);
    } catch (error) {
      if (failureOf(error).kind === "refused") return false;
      throw error;
    }
  };

  return {
    isMember: isKnownMember,
    botIsIn: async (channel) => {
      try {
        const answer = await slack.conversations.info({ channel });
        return answer.channel?.is_member === true;
      } catch (error) {
        if (failureOf(error).kind === "refused") return false;
        throw error;
      }
    },
    visibleTo: async (person, federations) => {
      const asked = new Map<ChannelId, Promise<boolean>>();
      const isIn = (channel: ChannelId): Promise<boolean> => {
        const known = asked.get(channel) ?? isKnownMember(channel, person);
        asked.set(channel, known);
        return known;
      };
      const visible = await Promise.all(
        federations.map(async (federation) => {
          const answers = await Promise.all(channelsOfViewers(federation, directory).map(isIn));
          return answers.includes(true);
        }),
      );
      return federations.filter((_, index) => visible[index] === true);
    },
  };
}
