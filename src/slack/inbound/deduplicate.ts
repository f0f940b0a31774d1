/**
 * Slack delivers again what it believes was not received. What came before and is known by an id of its own is
 * acknowledged and left alone. Submissions are not: their answer is what the modal shows, so it is given again, and
 * decisions in them are known by their view.
 */
import type { App } from "@slack/bolt";
import { z } from "zod";

/** Slack repeats within the hour; far more deliveries than come in one are remembered. */
const REMEMBERED = 10_000;

/** One shape for all of them: of three, two would be tried in vain with every command. */
const named = z
  .object({
    type: z.string().optional(),
    command: z.string().optional(),
    event_id: z.string().optional(),
    trigger_id: z.string().optional(),
  })
  .transform(({ type, command, event_id, trigger_id }) => {
    if (type === "event_callback") return event_id;
    return type === "block_actions" || command !== undefined ? trigger_id : undefined;
  });

export function deduplicateDeliveries(app: App): void {
  const known = new Set<string>();
  app.use(async (args) => {
    const id = named.safeParse(args.body).data;
    if (id === undefined) return args.next();
    if (known.has(id)) return "ack" in args ? args.ack?.() : undefined;
    known.add(id);
    for (const oldest of known) {
      if (known.size <= REMEMBERED) break;
      known.delete(oldest);
    }
    return args.next();
  });
}
