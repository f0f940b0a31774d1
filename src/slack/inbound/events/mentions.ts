/** `@florist …`, for people to whom the slash command is not offered. Answers are shown to them only. */
import type { Person } from "../../../federation/model/identity.ts";
import { section } from "../../blocks/elements.ts";
import { type Abilities, help } from "../../blocks/help.ts";
import { code, codeBlock } from "../../blocks/mrkdwn.ts";
import type { Said } from "../../blocks/status.ts";
import { EVENT } from "../../names.ts";
import { abilitiesOf } from "../abilities.ts";
import type { Bot } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { NOBODY, whatWentWrong } from "../listeners.ts";
import { nearest } from "../nearest.ts";
import { type Mention, parseMention } from "../payloads.ts";
import { answerStatus } from "../status-answer.ts";
import { giveByMention } from "../views/certificate.ts";
import { answerZones } from "../zones-answer.ts";

const WORDS = ["status", "zones", "certificate", "whoami", "help"] as const;
/** Understood as commands only, as they begin something. */
const COMMANDS = ["deploy-site", "teardown"] as const;

export function register(dispatcher: Dispatcher, bot: Bot): void {
  dispatcher.event(EVENT.mentioned, async (event) => {
    const mention = parseMention(event);
    try {
      await answer(bot, mention, (what) => show(bot, mention, what));
    } catch (error) {
      bot.log.error({ err: error }, "A mention could not be answered.");
      await show(bot, mention, said(whatWentWrong(error)));
    }
  });
}

/** `say` shows something to whoever mentioned the bot, and to nobody else. */
async function answer(
  bot: Bot,
  { actor, words, files, channel, ts }: Mention,
  say: (said: Said) => Promise<void>,
): Promise<void> {
  const [word = "help", name] = words;
  const person = await bot.people.identify(actor);
  if (person === null) return await say(said(NOBODY));
  switch (word) {
    case "status":
      return await say(await answerStatus(bot, person, name, null));
    case "zones":
      return await answerZones(bot, person, say);
    case "certificate":
      return await say(said(await giveByMention(bot, person, { name, files, key: `${channel}:${ts}` })));
    case "whoami":
      return await say(whoami(person));
    default:
      return await say(await helpAfter(bot, person, word));
  }
}

async function helpAfter(bot: Bot, person: Person, word: string): Promise<Said> {
  const abilities = await abilitiesOf(bot, person);
  const { text, blocks } = help(abilities);
  if (word === "help") return { text, blocks };
  return { text, blocks: [section(unknownWord(word, abilities)), ...blocks] };
}

function unknownWord(word: string, { command }: Abilities): string {
  const [asCommand] = command === null ? [] : nearest(word, COMMANDS);
  if (asCommand !== undefined) return `That is a command: type ${code(`${command} ${asCommand}`)}.`;
  const [meant] = nearest(word, WORDS);
  const hint = meant === undefined ? "" : ` Did you mean ${code(`@florist ${meant}`)}?`;
  return `I do not know that word.${hint} This is what I can do for you:`;
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
