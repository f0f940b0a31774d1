/** The slash command, for members of the organisation that installed the app. */

import { channelId } from "../../../federation/model/identity.ts";
import { section } from "../../blocks/elements.ts";
import { help } from "../../blocks/help.ts";
import { MARK } from "../../blocks/marks.ts";
import { code } from "../../blocks/mrkdwn.ts";
import type { Said } from "../../blocks/status.ts";
import { abilitiesOf } from "../abilities.ts";
import { NOT_CONCERNED } from "../actions/requests.ts";
import { type Bot, decideOn, refusalText } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { NOBODY, whatWentWrong } from "../listeners.ts";
import { nearest } from "../nearest.ts";
import { type Command, parseCommand } from "../payloads.ts";
import { mayRequest, whyNoHome } from "../requesting.ts";
import { answerStatus, livingNamed, namesThere, unknownName } from "../status-answer.ts";
import { openAddSite } from "../views/add-site.ts";
import { openDeploySite } from "../views/deploy-site.ts";
import { answerZones } from "../zones-answer.ts";

/** Shows something to the person alone. */
type Say = (said: Said) => Promise<void>;

const sentence = (text: string): Said => ({ text, blocks: [section(text)] });
const WORDS = ["deploy-site", "status", "zones", "teardown", "help"] as const;
type Word = (typeof WORDS)[number];

export function register(dispatcher: Dispatcher, bot: Bot): void {
  dispatcher.command(bot.commandName, async ({ ack, body, respond }) => {
    await ack();
    const say: Say = async ({ text, blocks }) => {
      await respond({ response_type: "ephemeral", text, blocks: [...blocks] });
    };
    try {
      const { actor, ...command } = parseCommand(body);
      const person = await bot.people.identify(actor);
      if (person === null) await say(sentence(NOBODY));
      else await answer(bot, { ...command, person, channel: firstIdOf(bot, command.channel) }, say);
    } catch (error) {
      bot.log.error({ err: error }, "A command failed.");
      await say(sentence(whatWentWrong(error)));
    }
  });
}

/** Inside, a channel goes by the id it was first known by. A direct message has one for ever. */
function firstIdOf({ channels }: Bot, channel: string): string {
  const parsed = channelId.safeParse(channel);
  return parsed.success ? channels.first(parsed.data) : channel;
}

async function answer(bot: Bot, command: Command, say: Say): Promise<void> {
  const { word, name } = asked(command.words);
  switch (word) {
    case "deploy-site":
      return await deploySite(bot, command, name, say);
    case "status":
      return await say(await answerStatus(bot, command.person, name, `${bot.commandName} deploy-site`));
    case "zones":
      return await answerZones(bot, command.person, say);
    case "teardown":
      return await teardown(bot, command, name, say);
    case "help":
      return await say(help(await abilitiesOf(bot, command.person)));
    case null: {
      const { text, blocks } = help(await abilitiesOf(bot, command.person));
      return await say({ text, blocks: [section(unknownWord(bot, command.words[0] ?? "")), ...blocks] });
    }
  }
}

/** Its two parts may also be typed apart, as in "deploy site". */
function asked([first = "help", second, third]: readonly string[]): { word: Word | null; name: string | undefined } {
  const whole = WORDS.find((word) => word === first);
  if (whole !== undefined) return { word: whole, name: second };
  return { word: WORDS.find((word) => word === `${first}-${second}`) ?? null, name: third };
}

function unknownWord({ commandName }: Bot, typed: string): string {
  if (typed === "whoami") return `Mention the bot instead: ${code("@florist whoami")}. This is what I can do:`;
  const [meant] = nearest(typed, WORDS);
  const hint = meant === undefined ? "" : ` Did you mean ${code(`${commandName} ${meant}`)}?`;
  return `I do not know that word.${hint} This is what I can do:`;
}

async function deploySite(bot: Bot, command: Command, name: string | undefined, say: Say): Promise<void> {
  if (!(await mayRequest(bot, command.person))) return await say(sentence(refusalText("not-a-requester")));
  if (name !== undefined) return await addSite(bot, command, name, say);
  const refused = await whyNoHome(bot, command.channel);
  if (refused !== null) return await say(sentence(`${MARK.hint} ${refused}`));
  if (bot.configuration.sites.size === 0) return await say(sentence("No zone is configured."));
  await openDeploySite(bot, channelId.parse(command.channel), command.triggerId);
}

async function addSite(bot: Bot, { person, triggerId }: Command, name: string, say: Say): Promise<void> {
  const federation = await livingNamed(bot, person, name);
  if (federation === null) return await say(sentence(await unknownName(bot, person, name)));
  if (federation.trustedAt === null) return await say(sentence(refusalText("federation-not-running")));
  if (federation.teardown !== null) return await say(sentence(refusalText("teardown-under-way")));
  await openAddSite(bot, federation, triggerId);
}

async function teardown(
  bot: Bot,
  { person: by, triggerId }: Command,
  name: string | undefined,
  say: Say,
): Promise<void> {
  if (name === undefined) {
    const example = code(`${bot.commandName} teardown spring-trial`);
    return await say(sentence(`Say which one, as in ${example}.${await namesThere(bot, by)}`));
  }
  const federation = await livingNamed(bot, by, name);
  if (federation === null) return await say(sentence(await unknownName(bot, by, name)));
  const decision = await decideOn(bot, federation.id, { kind: "ask-teardown", by, key: triggerId });
  if (!decision.ok && decision.refusal === "not-visible") return await say(sentence(NOT_CONCERNED));
  if (!decision.ok) return await say(sentence(refusalText(decision.refusal)));
  await say(sentence(`The owners are asked to tear down *${federation.name}*. Its thread shows who has agreed.`));
}
