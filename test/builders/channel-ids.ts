/** Ids of channels as the store keeps them, in memory. */
import { firstId, type LaterIds, newestId, withNewId } from "../../src/federation/model/channel-ids.ts";
import type { ChannelIds } from "../../src/federation/ports.ts";

export function memoryChannelIds(): ChannelIds {
  let later: LaterIds = new Map();
  return {
    first: (channel) => firstId(later, channel),
    newest: (channel) => newestId(later, channel),
    change: async (from, to) => {
      later = withNewId(later, from, to);
    },
  };
}
