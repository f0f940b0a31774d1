/** A federation's state -> every message that should stand in Slack. Nothing is posted that is not listed here. */
import type { Federation, Site } from "../federation/state.ts";
import { channelsFor } from "../federation/visibility.ts";
import { approvalCard } from "./cards/approval-card.ts";
import { section } from "./cards/blocks.ts";
import { type CardOptions, federationCard } from "./cards/federation-card.ts";
import type { DesiredMessage, Reply } from "./message.ts";
import { sentenceOf } from "./story.ts";

export const CARD_KEY = "card";

/** In the order in which they are to be posted. */
export function messagesOf(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  return [
    {
      kind: "card",
      key: CARD_KEY,
      channel: federation.homeChannel,
      thread: null,
      audience: null,
      ...federationCard(federation, options),
    },
    ...[...federation.sites.values()].flatMap((site) => approvals(federation, site, options)),
    ...replies(federation, options),
  ];
}

function approvals(federation: Federation, site: Site, { directory }: CardOptions): readonly DesiredMessage[] {
  const own = channelsFor(federation, directory, { kind: "zone", zone: site.zone })[0];
  return site.proposals.map((proposal) => ({
    kind: "card",
    key: `approval/${site.zone}/${proposal.card}`,
    channel: own ?? federation.homeChannel,
    thread: own === undefined ? CARD_KEY : null,
    audience: null,
    ...approvalCard(federation, site, proposal, directory, own !== undefined),
  }));
}

function replies(federation: Federation, { directory }: CardOptions): readonly Reply[] {
  return federation.story.flatMap((entry) => {
    const text = sentenceOf(entry, federation, directory);
    return text === null ? [] : [reply(federation, `story/${entry.seq}`, text)];
  });
}

const reply = (federation: Federation, key: string, text: string): Reply => ({
  kind: "reply",
  key,
  channel: federation.homeChannel,
  thread: CARD_KEY,
  audience: null,
  text,
  blocks: [section(text)],
});
