/** What a day of a link that goes down and comes back each minute leaves: events, bytes, and messages. */

import { join } from "node:path";
import { SECOND } from "../builders/decision-context.ts";
import { inDirectory } from "./directories.ts";
import { atMost, type Figure } from "./figures.ts";
import { FlappingLink } from "./flapping-link.ts";
import { measure } from "./measuring.ts";
import { heldMemory, uncompiled } from "./probe.ts";

/** kB that journal and memory may each grow by. */
const MOST_GROWTH = 100;
/** Milliseconds between the looks of a zone in which nothing is about to be told. */
const UNHURRIED = 15 * SECOND;

/** Hours after which all code has run and every cache has its size. */
const WARMING = 6;

/** Bytes that are held after so many hours and were not before. */
async function memoryGrowth(directory: string, hours: number): Promise<number> {
  const link = await FlappingLink.open(directory);
  await link.lives(WARMING, UNHURRIED);
  const before = heldMemory();
  await link.lives(hours, UNHURRIED);
  const after = heldMemory();
  await link.close();
  return after - before;
}

await measure(async ({ quick, watched }) => {
  const hours = quick ? 2 : 24;
  return await inDirectory(async (parent) => {
    const memory = await uncompiled(() => memoryGrowth(join(parent, "memory"), hours));
    const link = await FlappingLink.open(join(parent, "data"));
    const subject = `${hours} h of a link that is down every other half minute`;
    const before = link.left();
    await watched(subject, () => link.lives(hours));
    const after = link.left();
    await link.close();
    const changes = { name: "changes of the link", value: 2 * hours * 60 };
    const growth = (what: string, bytes: number): Figure => ({
      subject: `${subject}: ${what}`,
      value: bytes / 1000,
      unit: "kB",
      peer: null,
      targets: [atMost(MOST_GROWTH)],
    });
    return [
      { subject: `${subject}: messages`, value: after.posts, unit: "messages", peer: changes, targets: [] },
      { subject: `${subject}: rewritten cards`, value: after.rewrites, unit: "messages", peer: changes, targets: [] },
      {
        subject: `${subject}: events`,
        value: after.events - before.events,
        unit: "events",
        peer: changes,
        targets: [],
      },
      growth("journal", after.journal - before.journal),
      growth("memory", memory),
    ] satisfies Figure[];
  });
});
