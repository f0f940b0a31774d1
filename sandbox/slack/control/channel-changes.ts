/** What somebody changes about a channel, and what Slack tells the app of it: nothing when nothing changes. */
import { channelNamed, personNamed } from "../gestures/experience.ts";
import { sendEvent } from "../gestures/mention.ts";
import type { SettingsChange } from "../state/settings.ts";
import type { Slack } from "../state/slack.ts";
import { NotOnScreen } from "../state/state-values.ts";
import { canReadAbout } from "../web-api/channel-access.ts";
import { type Channel, isKnownToApp, isShared, teamsOf } from "../world/world.ts";

type Given<K extends keyof SettingsChange> = NonNullable<SettingsChange[K]>;

/** Sent if the app can know of the channel and has the scope for it; whether it subscribed is looked at there. */
async function tell(slack: Slack, channel: Channel, event: Readonly<Record<string, unknown>>): Promise<void> {
  slack.changes.note();
  if (!isKnownToApp(slack.world, channel) || !canReadAbout(slack, channel)) return;
  await sendEvent(slack, channel.id, isShared(channel), { ...event, event_ts: slack.ids.timestamp() });
}

/** Events of private channels have names of their own. */
const named = ({ isPrivate }: Channel, what: string): string => `${isPrivate ? "group" : "channel"}_${what}`;

/** Who did it: somebody who is in the channel. */
const actorIn = (slack: Slack, { members }: Channel): string => members[0] ?? slack.world.app.botUserId;

export async function changeMembership(
  slack: Slack,
  { channel: id, person, member }: Given<"membership">,
): Promise<void> {
  const channel = channelNamed(slack, id);
  const isBot = person === slack.world.app.botUserId;
  const team = isBot ? slack.world.home.id : personNamed(slack, person).workspace;
  if (member && !teamsOf(channel).includes(team))
    throw new NotOnScreen(`${team} is not in ${id}, so ${person} cannot be`);
  if ((isBot ? channel.botIsMember : channel.members.includes(person)) === member) return;
  const about = { user: person, channel: id, channel_type: channel.isPrivate ? "G" : "C", team };
  if (member) {
    join(channel, person, isBot);
    // Of people the app hears where it is itself.
    if (channel.botIsMember) await tell(slack, channel, { type: "member_joined_channel", ...about });
    return;
  }
  const actor = actorIn(slack, channel);
  if (isBot) {
    // Said while it still knows of the channel: a private one is gone for it afterwards.
    await tell(slack, channel, { type: named(channel, "left"), channel: id, actor_id: actor });
    channel.botIsMember = false;
    slack.changes.note();
    return;
  }
  channel.members = channel.members.filter((each) => each !== person);
  if (channel.botIsMember) await tell(slack, channel, { type: "member_left_channel", ...about });
  else slack.changes.note();
}

function join(channel: Channel, person: string, isBot: boolean): void {
  if (isBot) channel.botIsMember = true;
  else channel.members = [...channel.members, person];
}

export async function archive(slack: Slack, { channel: id, archived }: Given<"archive">): Promise<void> {
  const channel = channelNamed(slack, id);
  if (channel.isDirect) throw new NotOnScreen(`${id} is a direct message, which nobody archives`);
  if (channel.isArchived === archived) return;
  channel.isArchived = archived;
  const type = named(channel, archived ? "archive" : "unarchive");
  await tell(slack, channel, {
    type,
    channel: id,
    user: actorIn(slack, channel),
    ...(archived ? { is_moved: 0 } : {}),
  });
}

export async function rename(slack: Slack, { channel: id, name }: Given<"rename">): Promise<void> {
  const channel = channelNamed(slack, id);
  if (channel.isDirect) throw new NotOnScreen(`${id} is a direct message, which has no name`);
  if (slack.world.channels().some((each) => each !== channel && each.host === channel.host && each.name === name)) {
    throw new NotOnScreen(`there is a channel #${name} already`);
  }
  if (channel.name === name) return;
  channel.name = name;
  await tell(slack, channel, {
    type: named(channel, "rename"),
    channel: {
      id,
      name,
      name_normalized: name,
      created: 1_700_000_000,
      is_channel: !channel.isPrivate,
      is_mpim: false,
    },
  });
}

export async function connect(slack: Slack, { channel: id, workspace, pending }: Given<"connect">): Promise<void> {
  const channel = channelNamed(slack, id);
  if (slack.world.workspace(workspace) === undefined) throw new NotOnScreen(`no workspace has the id ${workspace}`);
  remove(channel, workspace);
  if (pending) {
    channel.pending = [...channel.pending, workspace];
    slack.changes.note();
    return;
  }
  channel.connected = [...channel.connected, workspace];
  await tell(slack, channel, { type: "channel_shared", connected_team_id: workspace, channel: id });
}

export async function disconnect(slack: Slack, { channel: id, workspace }: Given<"disconnect">): Promise<void> {
  const channel = channelNamed(slack, id);
  remove(channel, workspace);
  channel.members = channel.members.filter((person) => slack.world.person(person)?.workspace !== workspace);
  await tell(slack, channel, {
    type: "channel_unshared",
    previously_connected_team_id: workspace,
    channel: id,
    is_ext_shared: isShared(channel),
  });
}

export async function changeChannelId(slack: Slack, { from, to }: Given<"channelId">): Promise<void> {
  const channel = channelNamed(slack, from);
  if (slack.world.channel(to) !== undefined) throw new NotOnScreen(`there is a channel ${to} already`);
  const moved = { ...channel, id: to };
  slack.world.removeChannel(from);
  slack.world.addChannel(moved);
  slack.messages.moveChannel(from, to);
  await tell(slack, moved, { type: "channel_id_changed", old_channel_id: from, new_channel_id: to });
}

function remove(channel: Channel, workspace: string): void {
  channel.pending = channel.pending.filter((each) => each !== workspace);
  channel.connected = channel.connected.filter((each) => each !== workspace);
}
