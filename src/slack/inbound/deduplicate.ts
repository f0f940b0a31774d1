/**
 * Slack delivers again what it believes was not received. What came before and is known by an id of its own is
 * acknowledged and left alone. Submissions are not: their answer is what the modal shows, so it is given again, and
 * decisions in them are known by their view.
 */
import type { App } from "@slack/bolt";
import { z } from "zod";

/** Slack repeats within the hour; far more deliveries than come in one are remembered. */
const REMEMBERED = 10_000;

const named = z.union([
  z.object({ type: z.literal("event_callback"), event_id: z.string() }).transform(({ event_id }) => event_id),
  z.object({ type: z.literal("block_actions"), trigger_id: z.string() }).transform(({ trigger_id }) => trigger_id),
  z.object({ command: z.string(), trigger_id: z.string() }).transform(({ trigger_id }) => trigger_id),
]);

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
