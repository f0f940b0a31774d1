/** Who can read a channel at the moment, and who of them is not to read a message. Asked before every sending. */
import type { WebClient } from "@slack/web-api";
import { z } from "zod";
import type { DesiredMessage } from "../message.ts";
import type { Answer, Call } from "./call.ts";

/** Organisations that are, or are about to be, in the channel and are not to read the message. */
export async function whoMustNotRead(
  slack: WebClient,
  call: Call,
  { audience, channel }: DesiredMessage,
): Promise<Answer<readonly string[]>> {
  if (audience === null) return { ok: true, value: [] };
  const allowed = new Set<string>(audience);
  return await call("conversations.info", async () => {
    const answer = await slack.conversations.info({ channel });
    return organisations.parse(answer.channel).filter((team) => !allowed.has(team));
  });
}

const organisations = z
  .object({
    connected_team_ids: z.array(z.string()).optional(),
    pending_connected_team_ids: z.array(z.string()).optional(),
    shared_team_ids: z.array(z.string()).optional(),
    conversation_host_id: z.string().optional(),
  })
  .transform((channel): readonly string[] => [
    ...new Set([
      ...(channel.connected_team_ids ?? []),
      ...(channel.pending_connected_team_ids ?? []),
      ...(channel.shared_team_ids ?? []),
      ...(channel.conversation_host_id === undefined ? [] : [channel.conversation_host_id]),
    ]),
  ]);
