/** What can be asked of the bot, with examples. */

import { type Blocks, section } from "./elements.ts";
import { code } from "./mrkdwn.ts";

/** @param command with its slash, as it is configured */
export function help(command: string): { text: string; blocks: Blocks } {
  const line = (words: string, what: string): string => `• ${code(words)}: ${what}`;
  return {
    text: `What ${command} can do`,
    blocks: [
      section(
        [
          "*florist stands up one Flower federation across several organisations' OpenNebula zones.*",
          line(`${command} deploy-site`, "opens the form that asks for a federation in this channel."),
          line(`${command} deploy-site spring-trial`, "adds a site to the running federation `spring-trial`."),
          line(`${command} status`, "shows your federations; with a name, one of them in detail."),
          line(`${command} zones`, "shows the zones, their owners and whether they can be reached."),
          line(`${command} teardown spring-trial`, "asks every owner to end that federation."),
          line(`${command} help`, "shows this."),
        ].join("\n"),
      ),
      section(
        [
          "*Where the command is not offered*, because another organisation installed the app, mention the bot:",
          line("@florist status spring-trial", "the same, shown to you only."),
          line("@florist whoami", "the pair that identifies you in the zones file, shown to you only."),
          "A zone owner needs nothing but the buttons on the cards in the zone's channel.",
        ].join("\n"),
      ),
    ],
  };
}
