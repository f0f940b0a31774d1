/** A federation's state -> every message that should stand in Slack. Nothing is posted that is not listed here. */

import { channelsFor, organisationsTrusted } from "../../federation/deciding/visibility.ts";
import type { ChannelId } from "../../federation/model/identity.ts";
import { coordinatorOf, currentProposal, type Federation } from "../../federation/model/state.ts";
import { connectionCard } from "../blocks/connection.ts";
import { actions, type Blocks, button, section } from "../blocks/elements.ts";
import { type CardOptions, federationCard, zoneTitle } from "../blocks/federation-card.ts";
import { escaped } from "../blocks/mrkdwn.ts";
import { type Trouble, troublesOf } from "../blocks/trouble.ts";
import { certificateFile, trustCard } from "../blocks/trust-card.ts";
import { CARD_KEY, type DesiredMessage, type Reply } from "../message.ts";
import { ACTION } from "../names.ts";
import { noticesToOthers, siteMessages } from "./site-messages.ts";
import { sentenceOf } from "./timeline.ts";
import { undelivered } from "./undelivered.ts";
import { unknownNodesOf } from "./unknown-nodes.ts";

/** In the order in which they are to be posted. */
export function messagesOf(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  const troubles = troublesOf(federation);
  const card = federationCard(federation, options);
  const messages: readonly DesiredMessage[] = [
    { kind: "card", key: CARD_KEY, channel: federation.homeChannel, thread: null, audience: null, ...card },
    ...[...federation.sites.values()].flatMap((site) => siteMessages(federation, site, troubles, options)),
    ...thread(federation, troubles, options),
    ...trust(federation, options),
    ...readiness(federation, options),
    ...noticesToOthers(federation, options),
  ];
  return [...messages, ...undelivered(federation, messages)];
}

const inThread = (federation: Federation, key: string, text: string, blocks: Blocks = [section(text)]): Reply => ({
  kind: "reply",
  key,
  channel: federation.homeChannel,
  thread: CARD_KEY,
  audience: null,
  text,
  blocks,
});

function thread(federation: Federation, troubles: readonly Trouble[], { directory }: CardOptions): readonly Reply[] {
  const byGuests = new Map(troubles.filter(({ alone }) => alone).map((trouble) => [trouble.seq, trouble]));
  const over = new Map(troubles.map((trouble) => [trouble.overAt, trouble]));
  const unknownNodes = unknownNodesOf(federation);
  const at = (trouble: Trouble) => `*${escaped(zoneTitle(directory, trouble))}*`;
  return federation.story.flatMap((entry) => {
    const [begun, ended] = [byGuests.get(entry.seq), over.get(entry.seq)];
    const own =
      begun === undefined
        ? (unknownNodes.get(entry.seq) ?? sentenceOf(entry, federation, directory))
        : `:warning: ${at(begun)}: ${escaped(begun.sentence)}`;
    const text = own ?? (ended === undefined ? null : `:white_check_mark: ${at(ended)}: What was reported is over.`);
    return text === null ? [] : [inThread(federation, `story/${entry.seq}`, text)];
  });
}

/** The address and the CA, once both were verified, wherever an approved site or the home channel is. */
function trust(federation: Federation, { directory }: CardOptions): readonly DesiredMessage[] {
  const { authority, dialled, trustedAt, name } = federation;
  if (authority === null || dialled === null || trustedAt === null) return [];
  const audience = organisationsTrusted(federation, directory);
  return channelsFor(federation, directory, { kind: "trust" }).flatMap((channel): readonly DesiredMessage[] => {
    const key = `trust/${channel}`;
    const parent = channel === federation.homeChannel ? CARD_KEY : null;
    return [
      { kind: "card", key, channel, thread: parent, audience, ...trustCard(name, dialled, authority) },
      {
        kind: "file",
        key: `trust-file/${channel}`,
        channel,
        thread: key,
        audience,
        name: certificateFile(name),
        content: authority.certificate,
      },
    ];
  });
}

/** How to start a run, where those read it who may; the home thread only learns that it is possible. */
function readiness(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  if (!wasReady(federation)) return [];
  const { directory } = options;
  const coordinator = coordinatorOf(federation);
  const card = currentProposal(coordinator)?.card;
  const where = escaped(zoneTitle(directory, coordinator));
  const [channel] = channelsFor(federation, directory, { kind: "run-access" });
  const text = `:checkered_flag: The federation is ready for runs. The holders of ${where}'s ssh keys ${channel === undefined ? "can start them." : "find in their zone's channel how to start one."}`;
  const see = channel === undefined && card !== undefined ? actions(button("See how", ACTION.seeConnection, card)) : [];
  const ready = inThread(federation, "ready", text, [section(text), ...see]);
  return channel === undefined ? [ready] : [ready, connection(federation, channel, options)];
}

const connection = (federation: Federation, channel: ChannelId, { directory }: CardOptions): DesiredMessage => ({
  kind: "card",
  key: "connection",
  channel,
  thread: null,
  audience: organisationsTrusted(federation, directory),
  ...connectionCard(federation),
});

/** Whether as many training sites as the request wanted have been up at the same time. */
function wasReady(federation: Federation): boolean {
  const up = new Set<string>();
  const coordinator = coordinatorOf(federation).zone;
  for (const { event } of federation.story) {
    if (event.type === "site-status-changed" && event.site !== coordinator) {
      if (event.status === "up") up.add(event.site);
      else up.delete(event.site);
    }
    if (up.size >= federation.minimumTrainingSites) return true;
  }
  return false;
}
