/** What the bot has on disk, straight from its files, so that it need not run: journals and receipts. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Sandbox } from "../../sandbox/composition.ts";
import { until } from "../waiting.ts";

export interface StoredEvent {
  readonly type: string;
  readonly site?: string;
  readonly [member: string]: unknown;
}

const stored = z.object({
  data: z.object({
    posted: z.array(z.tuple([z.string(), z.object({ channel: z.string(), ts: z.string() })])),
    givenUp: z.array(z.tuple([z.string(), z.object({ because: z.string() })])),
  }),
});

/** Where messages stand in Slack, as the bot knows it, and what it has given up. */
export interface StoredReceipts {
  readonly posted: readonly { readonly key: string; readonly channel: string; readonly ts: string }[];
  readonly givenUp: readonly { readonly key: string; readonly because: string }[];
}

const dataOf = (sandbox: Sandbox): string => join(sandbox.directory, "data");

/** Everything that was journalled about every federation. */
export async function eventsOf(sandbox: Sandbox): Promise<readonly StoredEvent[]> {
  return [...(await journals(sandbox)).values()].flat();
}

/** Everything that was journalled about the federation of that name. */
export async function journalOf(sandbox: Sandbox, name: string): Promise<readonly StoredEvent[]> {
  const all = [...(await journals(sandbox)).values()];
  return all.findLast(([first]) => first?.["name"] === name) ?? [];
}

/** Its id, which names its files; undefined while there is none of that name. */
export async function idOf(sandbox: Sandbox, name: string): Promise<string | undefined> {
  return [...(await journals(sandbox))].findLast(([, [first]]) => first?.["name"] === name)?.[0];
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

/** Of every federation, or of the one of that name. */
export async function receiptsOf(sandbox: Sandbox, name?: string): Promise<StoredReceipts> {
  const directory = join(dataOf(sandbox), "receipts");
  const id = name === undefined ? undefined : await idOf(sandbox, name);
  const files = (await readdir(directory))
    .filter((file) => file.endsWith(".json") && !file.startsWith("."))
    .filter((file) => name === undefined || file === `${id}.json`);
  const books = await Promise.all(files.map((file) => readFile(join(directory, file), "utf8")));
  const found = books.map((text) => stored.parse(JSON.parse(text)).data);
  return {
    posted: found.flatMap(({ posted }) => posted.map(([key, { channel, ts }]) => ({ key, channel, ts }))),
    givenUp: found.flatMap(({ givenUp }) => givenUp.map(([key, { because }]) => ({ key, because }))),
  };
}

async function journals(sandbox: Sandbox): Promise<ReadonlyMap<string, readonly StoredEvent[]>> {
  const directory = dataOf(sandbox);
  const files = (await readdir(directory)).filter((file) => file.endsWith(".jsonl"));
  return new Map(
    await Promise.all(
      files.map(async (file) => [file.replace(/\.jsonl$/, ""), await eventsIn(join(directory, file))] as const),
    ),
  );
}

/** A line that is being written is not a line yet. */
async function eventsIn(file: string): Promise<readonly StoredEvent[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line.endsWith("}"));
  return lines.flatMap((line): StoredEvent[] => JSON.parse(line).events);
}
