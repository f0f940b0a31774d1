import type { SettingsChange } from "../state/settings.ts";
import type { Slack } from "../state/slack.ts";
import { archive, changeChannelId, changeMembership, connect, disconnect, rename } from "./channel-changes.ts";

/**
 * Changes what the stand-in does or how its world is connected. The app hears of its channels as it would in Slack.
 * @throws NotOnScreen if a channel, workspace or person is unknown
 */
export async function changeSettings(slack: Slack, change: SettingsChange): Promise<void> {
  const { settings } = slack;
  settings.twice = change.twice ?? settings.twice;
  settings.speed = change.speed ?? settings.speed;
  settings.fileShare = change.fileShare ?? settings.fileShare;
  if (change.refuseBlocks !== undefined) settings.refusedBlocks = new Set(change.refuseBlocks);
  if (change.fail !== undefined) {
    const { times, ...failure } = change.fail;
    settings.failures.push({ ...failure, left: times });
  }
  if (change.disturb !== undefined) {
    const { times, ...disturbance } = change.disturb;
    settings.disturbances.push(...Array.from({ length: times }, () => disturbance));
  }
  if (change.revoked !== undefined) settings.revoked = new Set(change.revoked);
  slack.changes.note();
  if (change.membership !== undefined) await changeMembership(slack, change.membership);
  if (change.archive !== undefined) await archive(slack, change.archive);
  if (change.rename !== undefined) await rename(slack, change.rename);
  if (change.connect !== undefined) await connect(slack, change.connect);
  if (change.disconnect !== undefined) await disconnect(slack, change.disconnect);
  if (change.channelId !== undefined) await changeChannelId(slack, change.channelId);
}
