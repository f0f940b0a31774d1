/**
 * Slack gives a channel another id, for good, when it is shared. Inside, a channel goes on by the id it was first known
 * by, and only what is said to Slack uses the newest. Pure.
 */
import type { ChannelId } from "./identity.ts";

/** By the id that a channel was first known by: those it has had since, the newest last. */
export type LaterIds = ReadonlyMap<ChannelId, readonly ChannelId[]>;

/** The id that a channel goes by inside, whichever of its ids is given. */
export function firstId(later: LaterIds, channel: ChannelId): ChannelId {
  for (const [first, ids] of later) if (ids.includes(channel)) return first;
  return channel;
}

/** The id that Slack knows the channel by now. */
export const newestId = (later: LaterIds, channel: ChannelId): ChannelId =>
  later.get(firstId(later, channel))?.at(-1) ?? channel;

/** A channel is shared seldom; whatever is told, no more ids of it are kept. */
const MAX_IDS = 20;

/** The same when it is told again. */
export function withNewId(later: LaterIds, from: ChannelId, to: ChannelId): LaterIds {
  const first = firstId(later, from);
  if (newestId(later, from) === to || first === to) return later;
  const before = (later.get(first) ?? []).filter((id) => id !== to);
  return new Map(later).set(first, [...before, to].slice(-MAX_IDS));
}
