/** `@florist …`, for people to whom the slash command is not offered. Answers are shown to them only. */
import type { App } from "@slack/bolt";
import { z } from "zod";
import { type Person, person, teamId } from "../../../federation/model/identity.ts";
import { type Blocks, section } from "../../blocks/elements.ts";
import { help } from "../../blocks/help.ts";
import { codeBlock } from "../../blocks/mrkdwn.ts";
import { EVENT } from "../../names.ts";
import type { Bot } from "../bot.ts";
import { WENT_WRONG } from "../listeners.ts";
import { type Mention, parseMention } from "../payloads.ts";
import { statusAnswer } from "../status-answer.ts";

interface Said {
  readonly text: string;
  readonly blocks: Blocks;
}

export function register(app: App, bot: Bot): void {
  app.event(EVENT.mentioned, async ({ event }) => {
    const mention = parseMention(event);
    try {
      await show(bot, mention, await answer(bot, mention));
    } catch (error) {
      bot.log.error({ err: error }, "A mention could not be answered.");
      await show(bot, mention, { text: WENT_WRONG, blocks: [section(WENT_WRONG)] });
    }
  });
}

async function answer(bot: Bot, mention: Mention): Promise<Said> {
  const [word, name] = mention.words;
  switch (word) {
    case "status":
      return await statusAnswer(bot, await whoIs(bot, mention.user), name);
    case "whoami":
      return whoami(await whoIs(bot, mention.user));
    default:
      return help(bot.commandName);
  }
}

/** Slack's word for the organisation somebody belongs to; in a shared channel it need not be ours. */
async function whoIs(bot: Bot, user: string): Promise<Person> {
  const answered = z
    .object({ user: z.object({ id: z.string(), team_id: teamId }) })
    .parse(await bot.slack.users.info({ user }));
  return person.parse({ team: answered.user.team_id, user });
}

function whoami({ team, user }: Person): Said {
  const text = "This pair identifies you. The bot's operator enters it in the zones file to make you a zone's owner.";
  return { text, blocks: [section(text), section(codeBlock(`- team: ${team}\n  user: ${user}`, 200))] };
}

async function show(bot: Bot, { channel, user, threadTs }: Mention, { text, blocks }: Said): Promise<void> {
  await bot.slack.chat.postEphemeral({
    channel,
    user,
    text,
    blocks: [...blocks],
    ...(threadTs === null ? {} : { thread_ts: threadTs }),
  });
}
