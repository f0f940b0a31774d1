/** The journal of one federation among several, straight from its file. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Sandbox } from "../../sandbox/composition.ts";

export interface StoredEvent {
  readonly type: string;
  readonly site?: string;
  readonly [member: string]: unknown;
}

const LOOK_MS = 50;

/** Everything that was journalled about the newest federation of that name. */
export async function journalOf(sandbox: Sandbox, name: string): Promise<readonly StoredEvent[]> {
  const directory = join(sandbox.directory, "data");
  const files = (await readdir(directory)).filter((file) => file.endsWith(".jsonl"));
  const journals = await Promise.all(files.map((file) => eventsIn(join(directory, file))));
  return journals.findLast(([first]) => first?.["name"] === name) ?? [];
}

/** The journal, as soon as it holds what is waited for. */
export async function untilJournal(
  sandbox: Sandbox,
  name: string,
  what: string,
  holds: (events: readonly StoredEvent[]) => boolean,
  deadlineMs = 30_000,
): Promise<readonly StoredEvent[]> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const events = await journalOf(sandbox, name);
    if (holds(events)) return events;
    if (Date.now() > end) {
      const types = events.map(({ type, site = "" }) => `${type} ${site}`).join(", ");
      throw new Error(`The journal of ${name} never came to ${what}: ${types}`);
    }
    await pause(LOOK_MS);
  }
}

/** A line that is being written is not a line yet. */
async function eventsIn(file: string): Promise<readonly StoredEvent[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line.endsWith("}"));
  return lines.flatMap((line): StoredEvent[] => JSON.parse(line).events);
}
