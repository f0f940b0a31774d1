/** The slash command, for members of the organisation that installed the app. */

import type { App } from "@slack/bolt";
import { channelId, type Person } from "../../../federation/model/identity.ts";
import { section } from "../../blocks/elements.ts";
import { help } from "../../blocks/help.ts";
import { MARK } from "../../blocks/marks.ts";
import type { Said } from "../../blocks/status.ts";
import { zonesCards } from "../../blocks/zones.ts";
import { NOT_CONCERNED } from "../actions/requests.ts";
import { type Bot, decideOn, ownsAnyZone, refusalText } from "../bot.ts";
import { NOBODY, whatWentWrong } from "../listeners.ts";
import { type Command, parseCommand } from "../payloads.ts";
import { mayRequest, whyNoHome } from "../requesting.ts";
import { answerStatus, livingNamed } from "../status-answer.ts";
import { openAddSite } from "../views/add-site.ts";
import { openDeploySite } from "../views/deploy-site.ts";

/** Shows something to the person alone. */
type Say = (said: Said) => Promise<void>;

const sentence = (text: string): Said => ({ text, blocks: [section(text)] });
const NOT_VISIBLE = refusalText("not-visible");

export function register(app: App, bot: Bot): void {
  app.command(bot.commandName, async ({ ack, body, respond }) => {
    await ack();
    const say: Say = async ({ text, blocks }) => {
      await respond({ response_type: "ephemeral", text, blocks: [...blocks] });
    };
    try {
      const { actor, ...command } = parseCommand(body);
      const person = await bot.people.identify(actor);
      if (person === null) await say(sentence(NOBODY));
      else await answer(bot, { ...command, person }, say);
    } catch (error) {
      bot.log.error({ err: error }, "A command failed.");
      await say(sentence(whatWentWrong(error)));
    }
  });
}

async function answer(bot: Bot, command: Command, say: Say): Promise<void> {
  const [word = "help", name] = command.words;
  switch (word) {
    case "deploy-site":
      return await deploySite(bot, command, name, say);
    case "status":
      return await say(await answerStatus(bot, command.person, name, `${bot.commandName} deploy-site`));
    case "zones":
      return await zones(bot, command.person, say);
    case "teardown":
      return await teardown(bot, command, name, say);
    case "help":
      return await say(help(bot.commandName));
    default: {
      const { text, blocks } = help(bot.commandName);
      return await say({ text, blocks: [section("I do not know that word. This is what I can do:"), ...blocks] });
    }
  }
}

async function deploySite(bot: Bot, command: Command, name: string | undefined, say: Say): Promise<void> {
  if (!(await mayRequest(bot, command.person))) return await say(sentence(refusalText("not-a-requester")));
  if (name !== undefined) return await addSite(bot, command, name, say);
  const refused = await whyNoHome(bot, command.channel);
  if (refused !== null) return await say(sentence(`${MARK.forbidden} ${refused}`));
  if (bot.configuration.zones.size === 0) return await say(sentence("No zone is configured."));
  await openDeploySite(bot, channelId.parse(command.channel), command.triggerId);
}

async function addSite(bot: Bot, { person, triggerId }: Command, name: string, say: Say): Promise<void> {
  const federation = await livingNamed(bot, person, name);
  if (federation === null) return await say(sentence(NOT_VISIBLE));
  if (federation.trustedAt === null) return await say(sentence(refusalText("federation-not-running")));
  if (federation.teardown !== null) return await say(sentence(refusalText("teardown-under-way")));
  await openAddSite(bot, federation, triggerId);
}

/** Zones and their owners are shown to those who work with them. */
async function zones(bot: Bot, person: Person, say: Say): Promise<void> {
  if (!ownsAnyZone(bot, person) && !(await mayRequest(bot, person))) {
    return await say(
      sentence(
        `${MARK.forbidden} Only those who may ask for a federation, and the owners of zones, can see the zones.`,
      ),
    );
  }
  await say(sentence("Looking at the zones. The answer is shown here in a moment."));
  for (const card of zonesCards(await bot.zoneChecks.checkAll(), bot.configuration.zones)) await say(card);
}

async function teardown(
  bot: Bot,
  { person: by, triggerId }: Command,
  name: string | undefined,
  say: Say,
): Promise<void> {
  if (name === undefined) return await say(sentence(`Say which one: \`${bot.commandName} teardown spring-trial\`.`));
  const federation = await livingNamed(bot, by, name);
  if (federation === null) return await say(sentence(NOT_VISIBLE));
  const decision = await decideOn(bot, federation.id, { kind: "ask-teardown", by, key: triggerId });
  if (!decision.ok && decision.refusal === "not-visible") return await say(sentence(NOT_CONCERNED));
  if (!decision.ok) return await say(sentence(refusalText(decision.refusal)));
  await say(sentence(`The owners are asked to tear down *${federation.name}*. Its thread shows who has agreed.`));
}
