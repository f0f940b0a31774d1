/** What could not be posted, said in the home thread: in which channel, why, and what helps. Pure. */

import type { ChannelId } from "../../federation/model/identity.ts";
import { section } from "../blocks/elements.ts";
import { MARK } from "../blocks/marks.ts";
import { code, firstOf } from "../blocks/mrkdwn.ts";
import { CARD_KEY, type DesiredMessage } from "../message.ts";
import { isClosedChannel, teamsWithheldFrom, WITHHELD, whyClosed } from "../refusals.ts";

/** `because` is null where everything has arrived after all. */
interface Undelivered {
  readonly channel: ChannelId;
  readonly because: string | null;
}

const MOST_REASONS = 5;

/** One card per channel that is named; `newest` says by which id Slack knows a channel now. */
export function undelivered(
  home: ChannelId,
  missing: readonly Undelivered[],
  newest: (channel: ChannelId) => ChannelId,
): readonly DesiredMessage[] {
  const channels = new Set(missing.map(({ channel }) => channel));
  return [...channels].map((channel) => {
    const reasons = missing.flatMap((one) => (one.channel === channel && one.because !== null ? [one.because] : []));
    const text =
      reasons.length === 0
        ? `${MARK.done} What could not be posted in <#${newest(channel)}> is there now.`
        : firstOf(
            [...new Set(reasons)].map((reason) => sentenceFor(newest(channel), reason)),
            MOST_REASONS,
            "reason",
          ).join("\n");
    return {
      kind: "card",
      key: `undelivered/${channel}`,
      channel: home,
      thread: CARD_KEY,
      audience: null,
      importance: reasons.length === 0 ? "tell" : "act",
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
    return `${MARK.warning} The CA and the address are not posted in <#${channel}>: organisations are connected to it that have no approved site (${teams}). The rollout goes on. They are posted once those organisations are disconnected or have an approved site whose owners the zones file names with that id.`;
  }
  if (reason === "is_archived") {
    return `${MARK.warning} I cannot post in <#${channel}>: it is archived. Unarchive it, or name another channel in the zones file; the messages then follow.`;
  }
  if (isClosedChannel(reason)) {
    return `${MARK.warning} I cannot post in <#${channel}>: ${whyClosed(reason)}. Invite me there with \`/invite\`; the messages then follow.`;
  }
  return `${MARK.warning} A message could not be posted in <#${channel}>: Slack answers ${code(reason, 60)}.`;
}
