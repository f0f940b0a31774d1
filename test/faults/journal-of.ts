/** The journal of one federation among several, straight from its file. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sandbox } from "../../sandbox/composition.ts";
import { until } from "../waiting.ts";

export interface StoredEvent {
  readonly type: string;
  readonly site?: string;
  readonly [member: string]: unknown;
}

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
): Promise<readonly StoredEvent[]> {
  try {
    return await until(what, () => journalOf(sandbox, name), holds);
  } catch (cause) {
    const types = (await journalOf(sandbox, name)).map(({ type, site = "" }) => `${type} ${site}`);
    throw new Error(`The journal of ${name} never came to ${what}: ${types.join(", ")}`, { cause });
  }
}

/** A line that is being written is not a line yet. */
async function eventsIn(file: string): Promise<readonly StoredEvent[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line.endsWith("}"));
  return lines.flatMap((line): StoredEvent[] => JSON.parse(line).events);
}
