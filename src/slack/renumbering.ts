/** Which channels' new ids are followed: those that the bot has to do with, and only to an id that is nobody else's. */
import type { ChannelId } from "../federation/model/identity.ts";
import type { ChannelIds, Configuration, Federations } from "../federation/ports.ts";

export interface Concerned {
  readonly configuration: Pick<Configuration, "sites" | "policy">;
  readonly federations: Pick<Federations, "summaries">;
  readonly channels: ChannelIds;
}

/**
 * Of any other channel nothing is kept: a workspace has thousands. Were one channel taken for another, what one zone
 * alone may read would be posted to others.
 */
export function isFollowed(concerned: Concerned, from: ChannelId, to: ChannelId): boolean {
  const { channels } = concerned;
  const ours = firstIds(concerned);
  const [first, other] = [channels.first(from), channels.first(to)];
  return ours.has(first) && (other === first || !ours.has(other));
}

/** Told seldom, so all that ever was may be walked. */
function firstIds({ configuration, federations, channels }: Concerned): ReadonlySet<ChannelId> {
  const sites = [...configuration.sites.values()].flatMap(({ channel }) => channel ?? []);
  const homes = [...federations.summaries()].map(({ homeChannel }) => homeChannel);
  return new Set([...sites, ...homes, ...configuration.policy.requesters.channels].map(channels.first));
}
