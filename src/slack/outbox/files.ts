/** Slack's answers about files. Pure. */
import { z } from "zod";

const uploads = z.object({ files: z.array(z.object({ files: z.array(z.object({ id: z.string() })) })) });

/** Id of the one file of an upload. */
export const uploadedFile = (answer: unknown): string | undefined =>
  uploads.safeParse(answer).data?.files[0]?.files[0]?.id;

const byChannel = z.record(z.string(), z.unknown());
const file = z.object({ shares: z.object({ public: byChannel.optional(), private: byChannel.optional() }).optional() });
const share = z.array(z.object({ ts: z.string() }));

/** Timestamp of the message with which a file was shared in the channel, or the file's id where Slack does not say; null while it is not shared. */
export function sharedAs(info: unknown, id: string, channel: string): string | null {
  const shares = file.safeParse(info).data?.shares;
  const found = shares?.public?.[channel] ?? shares?.private?.[channel];
  if (found === undefined) return null;
  return share.safeParse(found).data?.[0]?.ts ?? id;
}
