/** What can be asked of the bot, with examples: to everybody what they have. */

import { type Blocks, section } from "./elements.ts";
import { code } from "./mrkdwn.ts";

const line = (words: string, what: string): string => `• ${code(words)}: ${what}`;

const WHAT_IT_IS = "*florist stands up one Flower federation across several organisations' OpenNebula zones.*";
const MENTIONS = [
  line("@florist status", "shows your federations; with a name, one of them in detail. You alone see the answer."),
  line("@florist whoami", "shows you alone the pair that identifies you in the zones file."),
];
const BUTTONS = "A zone owner needs nothing but the buttons on the cards in the zone's channel.";

/** @param command with its slash, as it is configured */
export function help(command: string): { text: string; blocks: Blocks } {
  return {
    text: `What ${command} can do`,
    blocks: [
      section(
        [
          WHAT_IT_IS,
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
          ...MENTIONS,
          BUTTONS,
        ].join("\n"),
      ),
    ],
  };
}

/** For people of other organisations, to whom Slack does not offer the command. */
export function helpWithoutCommand(): { text: string; blocks: Blocks } {
  return {
    text: "What you can ask the bot",
    blocks: [
      section([WHAT_IT_IS, ...MENTIONS, BUTTONS].join("\n")),
      section("Federations are asked for, and their end, by members of the organisation that installed the app."),
    ],
  };
}
