/** What everybody needs who trusts and uses the federation: address and CA, and how to start a run. */

import { channelsFor, organisationsTrusted } from "../../federation/deciding/visibility.ts";
import type { ChannelId } from "../../federation/model/identity.ts";
import {
  type Authority,
  authorityOf,
  coordinatorOf,
  currentAuthority,
  currentProposal,
  type Federation,
} from "../../federation/model/state.ts";
import { connectionCard } from "../blocks/connection.ts";
import type { CardOptions } from "../blocks/federation-card.ts";
import { MARK } from "../blocks/marks.ts";
import { escaped, mention } from "../blocks/mrkdwn.ts";
import { placeTitle } from "../blocks/titles.ts";
import { certificateFile, trustCard } from "../blocks/trust-card.ts";
import { CONNECTION_KEY, siteCardKey, trustKey } from "../keys.ts";
import { CARD_KEY, type DesiredMessage, linkTo } from "../message.ts";
import { card, inChannel, inHomeThread, reply } from "./place.ts";

/**
 * The address and the CA, once both were verified, wherever an approved site or the home channel is. The CA is a file
 * as well where runs are started: nobody else needs one.
 */
export function trustMessages(federation: Federation, { directory }: CardOptions): readonly DesiredMessage[] {
  const { endpoint, trustedAt, name } = federation;
  const authority = authorityInUse(federation);
  if (authority === null || endpoint === null || trustedAt === null) return [];
  const audience = organisationsTrusted(federation, directory);
  const [fileIn = federation.homeChannel] = channelsFor(federation, directory, { kind: "run-access" });
  return channelsFor(federation, directory, { kind: "trust" }).flatMap((channel): readonly DesiredMessage[] => {
    const key = trustKey(channel);
    const place = {
      ...inChannel(channel, audience, "tell"),
      thread: channel === federation.homeChannel ? CARD_KEY : null,
    };
    const told = card(key, place, trustCard(name, endpoint, authority, channel === fileIn));
    if (channel !== fileIn) return [told];
    const file = { kind: "file", key: `trust-file/${channel}`, name: certificateFile(name) } as const;
    return [told, { ...file, ...place, thread: key, content: authority.certificate }];
  });
}

/** The one that the SuperLink's certificate is of; a successor that nothing runs with yet is told when something does. */
function authorityInUse(federation: Federation): Authority | null {
  const plan = coordinatorOf(federation).deployment?.plan;
  return (plan === undefined ? null : authorityOf(federation, plan)) ?? currentAuthority(federation);
}

/** How to start a run, where those read it who may; the home thread only learns that it is possible. */
export function readyMessages(federation: Federation, { directory }: CardOptions): readonly DesiredMessage[] {
  if (federation.readyAt === null) return [];
  const coordinator = coordinatorOf(federation);
  const newest = currentProposal(coordinator)?.card;
  const where = escaped(placeTitle(directory, coordinator));
  const [channel] = channelsFor(federation, directory, { kind: "run-access" });
  const how =
    channel !== undefined
      ? `find in their zone's channel ${linkTo(CONNECTION_KEY, "how to start one")}.`
      : newest === undefined
        ? "can start them."
        : `can start them; its owners find how on ${linkTo(siteCardKey(coordinator.name, newest), "its card")}.`;
  const text = `${MARK.ready} ${mention(federation.requester)} The federation is ready for runs. The holders of ${where}'s ssh keys ${how}`;
  const ready = reply("ready", inHomeThread(federation, "tell"), text);
  return channel === undefined ? [ready] : [ready, connection(federation, channel, { directory })];
}

function connection(
  federation: Federation,
  channel: ChannelId,
  { directory }: Pick<CardOptions, "directory">,
): DesiredMessage {
  const audience = organisationsTrusted(federation, directory);
  return card(CONNECTION_KEY, inChannel(channel, audience, "tell"), connectionCard(federation, channel));
}
