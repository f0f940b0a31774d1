/** What could not be posted, said in the home thread: in which channel, why, and what helps. Pure. */
import type { ChannelId } from "../../federation/model/identity.ts";
import type { Federation } from "../../federation/model/state.ts";
import { section } from "../blocks/elements.ts";
import { code } from "../blocks/mrkdwn.ts";
import { CARD_KEY, type DesiredMessage } from "../message.ts";
import { isClosedChannel, teamsWithheldFrom, WITHHELD, whyClosed } from "../refusals.ts";

/** One message per channel; rewritten when everything has arrived after all. */
export function undelivered(federation: Federation, messages: readonly DesiredMessage[]): readonly DesiredMessage[] {
  const givenUp = messages.filter(({ key }) => federation.givenUp.has(key));
  const channels = new Set(givenUp.map(({ channel }) => channel));
  return [...channels].map((channel) => {
    const missing = givenUp.filter((message) => message.channel === channel && !federation.messages.has(message.key));
    const reasons = new Set(missing.map(({ key }) => federation.givenUp.get(key) ?? ""));
    const text =
      reasons.size === 0
        ? `:white_check_mark: What could not be posted in <#${channel}> is there now.`
        : [...reasons]
            .slice(0, 5)
            .map((reason) => sentenceFor(channel, reason))
            .join("\n");
    return {
      kind: "card",
      key: `undelivered/${channel}`,
      channel: federation.homeChannel,
      thread: CARD_KEY,
      audience: null,
      text,
      blocks: [section(text)],
    };
  });
}

function sentenceFor(channel: ChannelId, reason: string): string {
  if (reason.startsWith(WITHHELD)) {
    const teams = teamsWithheldFrom(reason)
      .map((team) => code(team, 30))
      .join(", ");
    return `:warning: The CA and the address are not posted in <#${channel}>: organisations are connected to it that have no approved site (${teams}). The rollout goes on. They are posted once those organisations are disconnected or have an approved site.`;
  }
  if (isClosedChannel(reason)) {
    return `:warning: I cannot post in <#${channel}>: ${whyClosed(reason)}. Invite me there with \`/invite\`; the messages then follow.`;
  }
  return `:warning: A message could not be posted in <#${channel}>: Slack answers ${code(reason, 60)}.`;
}
