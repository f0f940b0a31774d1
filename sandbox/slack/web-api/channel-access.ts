import type { Slack } from "../state/slack.ts";
import { type Channel, isKnownToApp } from "../world/world.ts";
import { needScope, Refusal } from "./method.ts";

/** The channel, if the app's token can read about it. @throws Refusal */
export function readableChannel(slack: Slack, id: string): Channel {
  const channel = slack.world.channel(id);
  if (channel === undefined || !isKnownToApp(slack.world, channel)) throw new Refusal("channel_not_found");
  needScope(slack, [readScope(channel)]);
  return channel;
}

/** Whether the app has the scope with which Slack tells it of such a channel. */
export const canReadAbout = (slack: Slack, channel: Channel): boolean =>
  slack.options.scopes.includes(readScope(channel));

function readScope(channel: Channel): string {
  if (channel.isDirect) return "im:read";
  return channel.isPrivate ? "groups:read" : "channels:read";
}

/** The channel, if the app can write there; a person's id means their direct messages. @throws Refusal */
export function writableChannel(slack: Slack, id: string): Channel {
  const channel = slack.world.channel(id) ?? directMessages(slack, id);
  if (channel === undefined || !isKnownToApp(slack.world, channel)) throw new Refusal("channel_not_found");
  if (!channel.botIsMember) throw new Refusal("not_in_channel");
  if (channel.isArchived) throw new Refusal("is_archived");
  return channel;
}

function directMessages(slack: Slack, personId: string): Channel | undefined {
  const person = slack.world.person(personId);
  if (person === undefined || person.workspace !== slack.world.home.id) return undefined;
  const known = slack.world.channels().find((each) => each.isDirect && each.members.includes(personId));
  if (known !== undefined) return known;
  const channel: Channel = {
    id: slack.ids.object("D"),
    name: "directmessage",
    host: slack.world.home.id,
    connected: [],
    pending: [],
    members: [personId],
    botIsMember: true,
    isPrivate: true,
    isArchived: false,
    isDirect: true,
  };
  slack.world.addChannel(channel);
  return channel;
}
