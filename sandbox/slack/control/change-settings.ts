import { channelNamed, personNamed } from "../gestures/experience.ts";
import { sendEvent } from "../gestures/mention.ts";
import type { SettingsChange } from "../state/settings.ts";
import type { Slack } from "../state/slack.ts";
import { NotOnScreen } from "../state/state-values.ts";
import { type Channel, isShared, teamsOf } from "../world/world.ts";

/**
 * Changes what the stand-in does or how its world is connected. The app hears of new connections as it would in Slack.
 * @throws NotOnScreen if a channel, workspace or person is unknown
 */
export async function changeSettings(slack: Slack, change: SettingsChange): Promise<void> {
  const { settings } = slack;
  settings.twice = change.twice ?? settings.twice;
  settings.fileShare = change.fileShare ?? settings.fileShare;
  if (change.refuseBlocks !== undefined) settings.refusedBlocks = new Set(change.refuseBlocks);
  if (change.fail !== undefined) {
    const { times, ...failure } = change.fail;
    settings.failures.push({ ...failure, left: times });
  }
  if (change.membership !== undefined) changeMembership(slack, change.membership);
  if (change.archive !== undefined) channelNamed(slack, change.archive.channel).isArchived = change.archive.archived;
  slack.changes.note();
  if (change.connect !== undefined) await connect(slack, change.connect);
  if (change.disconnect !== undefined) await disconnect(slack, change.disconnect);
  if (change.channelId !== undefined) await changeChannelId(slack, change.channelId);
}

interface Membership {
  readonly channel: string;
  readonly person: string;
  readonly member: boolean;
}

function changeMembership(slack: Slack, { channel: id, person, member }: Membership): void {
  const channel = channelNamed(slack, id);
  if (person === slack.world.app.botUserId) {
    channel.botIsMember = member;
    return;
  }
  const newcomer = personNamed(slack, person);
  if (member && !teamsOf(channel).includes(newcomer.workspace)) {
    throw new NotOnScreen(`${newcomer.workspace} is not in ${id}, so ${person} cannot be`);
  }
  const others = channel.members.filter((each) => each !== person);
  channel.members = member ? [...others, person] : others;
}

async function connect(
  slack: Slack,
  { channel: id, workspace, pending }: { channel: string; workspace: string; pending: boolean },
): Promise<void> {
  const channel = channelNamed(slack, id);
  if (slack.world.workspace(workspace) === undefined) throw new NotOnScreen(`no workspace has the id ${workspace}`);
  remove(channel, workspace);
  if (pending) {
    channel.pending = [...channel.pending, workspace];
    slack.changes.note();
    return;
  }
  channel.connected = [...channel.connected, workspace];
  slack.changes.note();
  await sendEvent(slack, id, true, {
    type: "channel_shared",
    connected_team_id: workspace,
    channel: id,
    event_ts: slack.ids.timestamp(),
  });
}

async function disconnect(
  slack: Slack,
  { channel: id, workspace }: { channel: string; workspace: string },
): Promise<void> {
  const channel = channelNamed(slack, id);
  remove(channel, workspace);
  channel.members = channel.members.filter((person) => slack.world.person(person)?.workspace !== workspace);
  slack.changes.note();
  await sendEvent(slack, id, isShared(channel), {
    type: "channel_unshared",
    previously_connected_team_id: workspace,
    channel: id,
    is_ext_shared: isShared(channel),
    event_ts: slack.ids.timestamp(),
  });
}

async function changeChannelId(slack: Slack, { from, to }: { from: string; to: string }): Promise<void> {
  const channel = channelNamed(slack, from);
  if (slack.world.channel(to) !== undefined) throw new NotOnScreen(`there is a channel ${to} already`);
  slack.world.removeChannel(from);
  slack.world.addChannel({ ...channel, id: to });
  slack.messages.moveChannel(from, to);
  await sendEvent(slack, to, isShared(channel), {
    type: "channel_id_changed",
    old_channel_id: from,
    new_channel_id: to,
    event_ts: slack.ids.timestamp(),
  });
}

function remove(channel: Channel, workspace: string): void {
  channel.pending = channel.pending.filter((each) => each !== workspace);
  channel.connected = channel.connected.filter((each) => each !== workspace);
}
