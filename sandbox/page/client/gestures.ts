/** Sends what somebody does to the page's server, and says what came of it. */
import { signal } from "@preact/signals";
import { type Gesture, type Outcome, outcome } from "../protocol.ts";

/** What went wrong the last time, for a while. */
export const notice = signal<{ readonly text: string; readonly key: number } | null>(null);
const NOTICE_MS = 8000;
let noticed = 0;

export function tell(text: string): void {
  noticed += 1;
  const key = noticed;
  notice.value = { text, key };
  setTimeout(() => {
    if (notice.value?.key === key) notice.value = null;
  }, NOTICE_MS);
}

/** What went wrong is told to whoever looks; the outcome says it too. */
export async function send(gesture: Gesture): Promise<Outcome> {
  const came = await sent(gesture);
  if (!came.ok) tell(sentence(came.why));
  else if (came.experience?.problem !== undefined) tell(sentence(came.experience.problem));
  return came;
}

async function sent(gesture: Gesture): Promise<Outcome> {
  try {
    const response = await fetch("/gestures", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(gesture),
    });
    if (!response.ok) return { ok: false, why: await response.text() };
    const body: unknown = await response.json();
    return outcome.parse(body);
  } catch {
    return { ok: false, why: "The sandbox does not answer. Is it still running?" };
  }
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
