/** Changes of channels that let messages be posted which could not be before, or that must be looked at anew. */
import type { App } from "@slack/bolt";
import { z } from "zod";
import { channelId } from "../../../federation/model/identity.ts";
import { EVENT } from "../../names.ts";
import type { Bot } from "../bot.ts";

const changed = z.object({ channel: channelId });

export function register(app: App, bot: Bot): void {
  const { joined, shared, unshared, unarchived, privateUnarchived } = EVENT;
  for (const name of [joined, shared, unshared, unarchived, privateUnarchived]) {
    app.event(name, async ({ event }) => {
      const parsed = changed.safeParse(event);
      if (parsed.success) bot.channelChanged(parsed.data.channel);
    });
  }
}
