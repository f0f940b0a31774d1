/** What somebody chose on the page; kept in this browser, and read again after a reload. */
import { z } from "zod";

const REQUESTER = "U0REQUEST1";

/** What is missing, or is not as it should be, is as at the first visit. */
const choice = z.object({
  person: z.string().catch(REQUESTER),
  /** The channel that each person looks at. */
  channels: z.record(z.string(), z.string()).catch({}),
  /** The thread that is open beside it. */
  thread: z.object({ channel: z.string(), ts: z.string() }).nullable().catch(null),
  theme: z.enum(["light", "dark", "system"]).catch("system"),
  tour: z.boolean().catch(true),
  zonesShown: z.boolean().catch(true),
  /** The newest message that each person has seen in each channel, by `person/channel`. */
  read: z.record(z.string(), z.string()).catch({}),
});
export type Choice = z.infer<typeof choice>;

const KEY = "florist-sandbox";

export function initialChoice(): Choice {
  return choice.parse(kept());
}

function kept(): unknown {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
  } catch {
    return {};
  }
}

export function keepChoice(now: Choice): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(now));
  } catch {
    // A browser that keeps nothing only forgets it at the next reload.
  }
}
