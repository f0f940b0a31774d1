/** The slash command, for members of the organisation that installed the app. */
import type { App } from "@slack/bolt";
import { askTeardown } from "../../../federation/deciding/lifecycle.ts";
import { channelId, type Person } from "../../../federation/model/identity.ts";
import { REFUSALS } from "../../../federation/model/reasons.ts";
import type { Federation } from "../../../federation/model/state.ts";
import type { Blocks } from "../../blocks/elements.ts";
import { section } from "../../blocks/elements.ts";
import { help } from "../../blocks/help.ts";
import { zonesCard } from "../../blocks/zones.ts";
import { type Bot, refusalText } from "../bot.ts";
import { WENT_WRONG } from "../listeners.ts";
import { type Command, parseCommand } from "../payloads.ts";
import { mayRequest, whyNoHome } from "../requesting.ts";
import { statusAnswer } from "../status-answer.ts";
import { openAddSite } from "../views/add-site.ts";
import { openDeploySite } from "../views/deploy-site.ts";

interface Said {
  readonly text: string;
  readonly blocks: Blocks;
}
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
      await answer(bot, parseCommand(body), say);
    } catch (error) {
      bot.log.error({ err: error }, "A command failed.");
      await say(sentence(WENT_WRONG));
    }
  });
}

async function answer(bot: Bot, command: Command, say: Say): Promise<void> {
  const [word = "help", name] = command.words;
  switch (word) {
    case "deploy-site":
      return await deploySite(bot, command, name, say);
    case "status":
      return await say(await statusAnswer(bot, command.person, name));
    case "zones":
      return await zones(bot, say);
    case "teardown":
      return await teardown(bot, command.person, name, say);
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
  if (refused !== null) return await say(sentence(`:no_entry: ${refused}`));
  if (bot.configuration.zones.size === 0) return await say(sentence("No zone is configured."));
  await openDeploySite(bot, channelId.parse(command.channel), command.triggerId);
}

async function addSite(bot: Bot, { person, triggerId }: Command, name: string, say: Say): Promise<void> {
  const federation = await visibleNamed(bot, person, name);
  if (federation === null) return await say(sentence(NOT_VISIBLE));
  if (federation.trustedAt === null) return await say(sentence(`:no_entry: ${REFUSALS["federation-not-running"]}`));
  await openAddSite(bot, federation, triggerId);
}

/** The living federation of that name, if the person may know of it. */
async function visibleNamed(bot: Bot, person: Person, name: string): Promise<Federation | null> {
  const named = bot.federations.all().filter((one) => one.name === name && one.ended === null);
  const [federation] = await bot.membership.visibleTo(person, named);
  return federation ?? null;
}

async function zones(bot: Bot, say: Say): Promise<void> {
  await say(sentence("Looking at the zones. The answer is shown here in a moment."));
  await say(zonesCard(await bot.zoneChecks.checkAll(), bot.configuration.zones));
}

async function teardown(bot: Bot, person: Person, name: string | undefined, say: Say): Promise<void> {
  if (name === undefined) return await say(sentence(`Say which one: \`${bot.commandName} teardown spring-trial\`.`));
  const federation = await visibleNamed(bot, person, name);
  if (federation === null) return await say(sentence(NOT_VISIBLE));
  const decision = await bot.federations.update(federation.id, (state, context) => askTeardown(state, context, person));
  if (!decision.ok) return await say(sentence(refusalText(decision.refusal)));
  await say(sentence(`The owners are asked to tear down *${federation.name}*. Its thread shows who has agreed.`));
}
