/** The message that somebody followed a link to, until a list has brought it into view. */
import { signal } from "@preact/signals";
import { tell } from "./gestures.ts";
import type { Place } from "./permalink.ts";
import { choice, choose, isSeen, messages, ownChannels } from "./store.ts";

export const sought = signal<Place | null>(null);

/** Where a link into Slack leads is on this page. */
export function showMessage(place: Place): void {
  const { channel, ts, threadTs } = place;
  if (!ownChannels.value.some(({ id }) => id === channel)) {
    tell("This person is not in the channel that the link leads to.");
    return;
  }
  const { person, channels } = choice.value;
  choose({
    channels: { ...channels, [person]: channel },
    thread: threadTs === undefined ? null : { channel, ts: threadTs },
  });
  const isThere = (messages.value.get(channel) ?? []).some((message) => message.ts === ts && isSeen(message));
  if (isThere) sought.value = place;
  else tell("The message that the link leads to is gone.");
}
