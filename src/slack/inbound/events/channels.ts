/** Changes of channels: what could not be posted before can be now, has to be looked at anew, or has another address. */
import { z } from "zod";
import { channelId } from "../../../federation/model/identity.ts";
import { EVENT } from "../../names.ts";
import type { Bot } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";

const changed = z.object({ channel: channelId });
const renumbered = z.object({ old_channel_id: channelId, new_channel_id: channelId });

export function register(dispatcher: Dispatcher, bot: Bot): void {
  const { joined, shared, unshared, unarchived, privateUnarchived } = EVENT;
  for (const name of [joined, shared, unshared, unarchived, privateUnarchived]) {
    dispatcher.event(name, async (event) => {
      const parsed = changed.safeParse(event);
      if (parsed.success) bot.channelChanged(bot.channels.first(parsed.data.channel));
    });
  }
  dispatcher.event(EVENT.renumbered, async (event) => {
    const parsed = renumbered.safeParse(event);
    if (!parsed.success) return;
    const { old_channel_id: from, new_channel_id: to } = parsed.data;
    await bot.channelRenumbered(from, to);
  });
}
