/** `@florist …`, for people to whom the slash command is not offered. Answers are shown to them only. */
import type { App } from "@slack/bolt";
import type { Person } from "../../../federation/model/identity.ts";
import { type Blocks, section } from "../../blocks/elements.ts";
import { help } from "../../blocks/help.ts";
import { codeBlock } from "../../blocks/mrkdwn.ts";
import { EVENT } from "../../names.ts";
import { abilitiesOf } from "../abilities.ts";
import type { Bot } from "../bot.ts";
import { NOBODY, whatWentWrong } from "../listeners.ts";
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
      await show(bot, mention, said(whatWentWrong(error)));
    }
  });
}

async function answer(bot: Bot, { actor, words }: Mention): Promise<Said> {
  const [word, name] = words;
  const person = await bot.people.identify(actor);
  if (person === null) return said(NOBODY);
  switch (word) {
    case "status":
      return await answerStatus(bot, person, name, null);
    case "whoami":
      return whoami(person);
    default:
      return help(await abilitiesOf(bot, person));
  }
}

const said = (text: string): Said => ({ text, blocks: [section(text)] });

function whoami({ team, user }: Person): Said {
  const text = "This pair identifies you. The bot's operator enters it in the zones file to make you a zone's owner.";
  return { text, blocks: [section(text), section(codeBlock(`- team: ${team}\n  user: ${user}`, 200))] };
}

async function show(bot: Bot, { channel, actor, threadTs }: Mention, { text, blocks }: Said): Promise<void> {
  await bot.slack.chat.postEphemeral({
    channel,
    user: actor.user,
    text,
    blocks: [...blocks],
    ...(threadTs === null ? {} : { thread_ts: threadTs }),
  });
}
