/** What can be asked of the bot, with examples: to everybody what they can do, and nothing else. */

import { type Blocks, section } from "./elements.ts";
import { code } from "./mrkdwn.ts";

/** What one person can do. */
export interface Abilities {
  /** The command with its slash, as it is configured; null for those to whom Slack does not offer it. */
  readonly command: string | null;
  readonly mayRequest: boolean;
  readonly ownsZone: boolean;
}

const line = (words: string, what: string): string => `• ${code(words)}: ${what}`;

const WHAT_IT_IS = "*florist stands up one Flower federation across several organisations' OpenNebula zones.*";
const STATUS = "shows your federations; with a name, one of them in detail.";
const BUTTONS = "A zone owner needs nothing but the buttons on the cards in the zone's channel.";
const ASKED_ELSEWHERE =
  "Federations are asked for, and their end, by members of the organisation that installed the app.";

/** In the order in which somebody would use them. */
export function abilityLines({ command, mayRequest, ownsZone }: Abilities): readonly string[] {
  if (command === null) return mentionLines(ownsZone);
  const concerned = mayRequest || ownsZone;
  return [
    ...(mayRequest
      ? [
          line(`${command} deploy-site`, "in a channel, opens the form that asks for a federation there."),
          line(`${command} deploy-site spring-trial`, "adds a site to the running federation `spring-trial`."),
        ]
      : []),
    line(`${command} status`, STATUS),
    ...(concerned
      ? [
          line(`${command} zones`, "shows the zones, their owners and whether they can be reached."),
          line(`${command} teardown spring-trial`, "asks every owner to end that federation."),
        ]
      : []),
    line(`${command} help`, "shows what you can do."),
  ];
}

const mentionLines = (ownsZone: boolean): readonly string[] => [
  line("@florist status", `${STATUS} You alone see the answer.`),
  ...(ownsZone
    ? [
        line("@florist zones", "looks at your zones now, and tells you alone what is missing and what to do."),
        line(
          "@florist certificate spring-trial",
          "takes the attached files, where your zone coordinates `spring-trial` under your organisation's own CA.",
        ),
      ]
    : []),
  line("@florist whoami", "shows you alone the pair that identifies you in the zones file."),
  line("@florist help", "shows what you can do."),
];

export function help(abilities: Abilities): { text: string; blocks: Blocks } {
  const can = [WHAT_IT_IS, ...abilityLines(abilities)];
  const { command, ownsZone } = abilities;
  if (command === null) {
    const owner = ownsZone ? [BUTTONS] : [];
    return {
      text: "What you can ask the bot",
      blocks: [section([...can, ...owner].join("\n")), section(ASKED_ELSEWHERE)],
    };
  }
  return {
    text: `What ${command} can do`,
    blocks: [
      section(can.join("\n")),
      section(
        [
          "*Where the command is not offered*, because another organisation installed the app, mention the bot:",
          ...mentionLines(true),
          BUTTONS,
        ].join("\n"),
      ),
    ],
  };
}
