/** Files that people give the bot, read from Slack: text only, bounded, and the token goes to nobody else. */
import type { WebClient } from "@slack/web-api";
import { z } from "zod";

const MOST_BYTES = 64 * 1024;
const DEADLINE_MS = 10_000;

const info = z.object({ file: z.object({ url_private_download: z.url(), size: z.int() }) });

/** Text of all of them, one after the other; null when one is larger than any certificate or cannot be had. */
export async function textOfFiles(slack: WebClient, ids: readonly string[]): Promise<string | null> {
  const texts: string[] = [];
  for (const id of ids) {
    const text = await textOfFile(slack, id);
    if (text === null) return null;
    texts.push(text);
  }
  return texts.join("\n");
}

async function textOfFile(slack: WebClient, file: string): Promise<string | null> {
  const found = info.safeParse(await slack.files.info({ file }));
  if (!found.success || found.data.file.size > MOST_BYTES) return null;
  const url = new URL(found.data.file.url_private_download);
  if (!isSlacks(url, slack.slackApiUrl)) return null;
  const answer = await fetch(url, {
    headers: { authorization: `Bearer ${slack.token ?? ""}` },
    redirect: "error",
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  if (!answer.ok) return null;
  const text = await answer.text();
  return text.length > MOST_BYTES ? null : text;
}

/** Slack's own hosts, or the one that stands in for it. */
const isSlacks = ({ protocol, hostname, origin }: URL, apiUrl: string): boolean =>
  (protocol === "https:" && hostname.endsWith(".slack.com")) || origin === new URL(apiUrl).origin;
