/** Who may ask for a federation or a new site, and where. */

import { channelId, type Person, samePerson } from "../../federation/model/identity.ts";
import type { Bot } from "./bot.ts";

/** Named in the configuration, or a member of a channel that is. */
export async function mayRequest(bot: Bot, person: Person): Promise<boolean> {
  const { people, channels } = bot.configuration.policy.requesters;
  if (people.some((named) => samePerson(named, person))) return true;
  for (const channel of channels) if (await bot.membership.isMember(channel, person)) return true;
  return false;
}

/** Why a federation cannot have its home in this conversation; null when it can. */
export async function whyNoHome(bot: Bot, channel: string): Promise<string | null> {
  if (!channelId.safeParse(channel).success) {
    return "A federation needs a channel whose members can follow it. Run the command in a channel, not in a direct message.";
  }
  switch (await bot.membership.whyClosed(channel)) {
    case null:
      return null;
    case "archived":
      return "This channel is archived. Unarchive it, or run the command in another channel.";
    case "not-a-member":
      return "I am not a member of this channel. Invite me with `/invite`, then run the command again.";
  }
}
