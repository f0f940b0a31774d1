/** Links to messages, as Slack makes them. */
export interface Place {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | undefined;
}

/** @returns undefined for an address that is no message's */
export function placeOf(address: string): Place | undefined {
  const url = new URL(address);
  const [, channel, seconds, rest] = /^\/archives\/([A-Z0-9]+)\/p(\d{10})(\d{6})$/.exec(url.pathname) ?? [];
  if (!url.hostname.endsWith(".slack.com") || channel === undefined) return undefined;
  return { channel, ts: `${seconds}.${rest}`, threadTs: url.searchParams.get("thread_ts") ?? undefined };
}
