/** Somebody opens the bot's home: members of the organisation that installed it see theirs, others read why not. */
import { z } from "zod";
import { userId } from "../../../federation/model/identity.ts";
import { NO_HOME } from "../../blocks/home.ts";
import { EVENT } from "../../names.ts";
import { isOfInstaller } from "../abilities.ts";
import type { Bot } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";

/** `channel` is the direct message that goes with it; its other tab has messages, which are nothing to the bot. */
const opened = z.object({ user: userId, channel: z.string(), tab: z.literal("home") });

export function register(dispatcher: Dispatcher, bot: Bot): void {
  dispatcher.event(EVENT.homeOpened, async (event) => {
    const parsed = opened.safeParse(event);
    if (!parsed.success) return;
    const { user, channel } = parsed.data;
    const person = await bot.people.identify({ user, team: null });
    if (person !== null && isOfInstaller(bot, person)) bot.homes.open(person);
    else await bot.slack.chat.postEphemeral({ channel, user, text: NO_HOME });
  });
}
