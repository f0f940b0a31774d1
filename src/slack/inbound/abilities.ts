/** What somebody can do: what help lists, and their home. */
import { sitesOf } from "../../federation/deciding/visibility.ts";
import type { Person } from "../../federation/model/identity.ts";
import type { Abilities } from "../blocks/help.ts";
import type { Bot } from "./bot.ts";
import { mayRequest } from "./requesting.ts";

/** Slack offers commands and home to the organisation that installed the app, and to nobody else. */
export const isOfInstaller = ({ configuration }: Bot, { team }: Person): boolean =>
  configuration.policy.installingTeams.includes(team);

export async function abilitiesOf(bot: Bot, person: Person): Promise<Abilities> {
  const hasCommand = isOfInstaller(bot, person);
  return {
    command: hasCommand ? bot.commandName : null,
    mayRequest: hasCommand && (await mayRequest(bot, person)),
    ownsZone: sitesOf(person, bot.configuration).length > 0,
  };
}
