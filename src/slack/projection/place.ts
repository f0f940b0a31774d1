/** Where a message goes, and what every message of a federation has in common. */
import { channelsFor } from "../../federation/deciding/visibility.ts";
import type { ChannelId, TeamId } from "../../federation/model/identity.ts";
import { currentProposal, type Federation, type Site } from "../../federation/model/state.ts";
import { type Blocks, section } from "../blocks/elements.ts";
import type { CardOptions } from "../blocks/federation-card.ts";
import { siteCardKey } from "../keys.ts";
import { CARD_KEY, type Card, type DesiredMessage, linkTo, type Reply } from "../message.ts";

export type Place = Pick<DesiredMessage, "channel" | "thread" | "audience" | "importance">;

/** A site's own channel, or the federation's thread where it has none. What a site's owners read is theirs to act on. */
export function placeOf(
  federation: Federation,
  { name }: Pick<Site, "name">,
  { directory }: CardOptions,
): { readonly place: Place; readonly own: boolean } {
  const [own] = channelsFor(federation, directory, { kind: "site", site: name });
  const [channel, thread] = own === undefined ? [federation.homeChannel, CARD_KEY] : [own, null];
  return { place: { channel, thread, audience: null, importance: "act" }, own: own !== undefined };
}

/** Under the site's card in its own channel; null where it has none, or nothing was proposed yet. */
export function underSiteCard(federation: Federation, site: Site, options: CardOptions): Place | null {
  const { place, own } = placeOf(federation, site, options);
  const card = currentProposal(site)?.card;
  return !own || card === undefined ? null : { ...place, thread: siteCardKey(site.name, card) };
}

/** Words that lead to the card on which the site's owners act. */
export function toSiteCard(federation: Federation, name: Site["name"], words: string): string {
  const newest = federation.sites.get(name)?.proposals.at(-1);
  return newest === undefined ? words : linkTo(siteCardKey(name, newest.card), words);
}

export const reply = (key: string, place: Place, text: string, blocks: Blocks = [section(text)]): Reply => ({
  kind: "reply",
  key,
  ...place,
  text,
  blocks,
});

export const card = (key: string, place: Place, { text, blocks }: Pick<Card, "text" | "blocks">): Card => ({
  kind: "card",
  key,
  ...place,
  text,
  blocks,
});

export const inHomeThread = (
  { homeChannel: channel }: Federation,
  importance: Place["importance"],
  audience: readonly TeamId[] | null = null,
): Place => ({ channel, thread: CARD_KEY, audience, importance });

export const inChannel = (
  channel: ChannelId,
  audience: readonly TeamId[] | null,
  importance: Place["importance"],
): Place => ({
  channel,
  thread: null,
  audience,
  importance,
});
