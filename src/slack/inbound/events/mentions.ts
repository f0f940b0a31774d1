/** `@florist …`, for people to whom the slash command is not offered. Answers are shown to them only. */
import type { App } from "@slack/bolt";
import { z } from "zod";
import { type Person, person, teamId } from "../../../federation/model/identity.ts";
import { type Blocks, section } from "../../blocks/elements.ts";
import { help } from "../../blocks/help.ts";
import { codeBlock } from "../../blocks/mrkdwn.ts";
import { EVENT } from "../../names.ts";
import type { Bot } from "../bot.ts";
import { whatWentWrong } from "../listeners.ts";
import { type Mention, parseMention } from "../payloads.ts";
import { answerStatus } from "../status-answer.ts";

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
      const text = whatWentWrong(error);
      await show(bot, mention, { text, blocks: [section(text)] });
    }
  });
}

async function answer(bot: Bot, mention: Mention): Promise<Said> {
  const [word, name] = mention.words;
  switch (word) {
    case "status":
      return await answerStatus(bot, await whoIs(bot, mention), name, null);
    case "whoami":
      return whoami(await whoIs(bot, mention));
    default:
      return help(bot.commandName);
  }
}

const answered = z.object({
  user: z.object({
    team_id: teamId.optional(),
    enterprise_user: z.object({ enterprise_id: teamId.optional() }).optional(),
  }),
});

/** Slack's word for the organisation somebody belongs to; in a shared channel it need not be ours. */
async function whoIs(bot: Bot, { user: id, team }: Mention): Promise<Person> {
  const { user } = answered.parse(await bot.slack.users.info({ user: id }));
  return person.parse({ team: user.team_id ?? team ?? user.enterprise_user?.enterprise_id, user: id });
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
