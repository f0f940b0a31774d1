/** Which channels have got another id in Slack: small, and not to be made anew, for Slack tells it once. */
import { z } from "zod";
import { firstId, type LaterIds, newestId, withNewId } from "../federation/model/channel-ids.ts";
import { channelId } from "../federation/model/identity.ts";
import type { ChannelIds } from "../federation/ports.ts";
import { SealedFile } from "./sealed-file.ts";

const SCHEMA = 1;
const stored = z.array(z.tuple([channelId, z.array(channelId)]));

/** Throws `UnusableFileError` when the file is damaged. */
export async function openChannelIds(path: string): Promise<ChannelIds> {
  const file = new SealedFile<LaterIds>({
    path,
    schema: SCHEMA,
    durable: true,
    encode: (later) => [...later],
    decode: (data) => new Map(stored.parse(data)),
  });
  let later: LaterIds = (await file.read()) ?? new Map();
  let writing: Promise<void> = Promise.resolve();
  return {
    first: (channel) => firstId(later, channel),
    newest: (channel) => newestId(later, channel),
    change: (from, to) => {
      const after = withNewId(later, from, to);
      if (after === later) return writing;
      later = after;
      const write = writing.catch(() => {}).then(() => file.write(after));
      writing = write;
      return write;
    },
  };
}
