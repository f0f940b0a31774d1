/** A journal of notes: the simplest events, for what is about the journal itself. */
import assert from "node:assert/strict";
import { z } from "zod";
import type { TornLine } from "../../src/store/chain-file.ts";
import type { Chain, Entry } from "../../src/store/event-log.ts";
import { type Journal, openJournal, type Vocabulary } from "../../src/store/journal.ts";
import { JournalError, type JournalErrorCode } from "../../src/store/journal-error.ts";

const noteShape = z.strictObject({ kind: z.literal("note"), text: z.string() });
export type Note = z.infer<typeof noteShape>;
export const note = (text: string): Note => ({ kind: "note", text });

export const AT = "2026-11-24T05:00:00.000Z";

/** Notes were plain texts in their first vocabulary. */
export const NOTES: Vocabulary<Note> = {
  schema: 2,
  upcast: (stored, fromSchema) => {
    assert.equal(fromSchema, 1);
    return note(z.string().parse(stored));
  },
  parse: (stored) => noteShape.parse(stored),
};
export const FIRST_NOTES: Vocabulary<string> = {
  schema: 1,
  upcast: (stored) => stored,
  parse: (stored) => z.string().parse(stored),
};

export const openNotes = (
  directory: string,
  hooks: { readonly torn?: TornLine[]; readonly points?: string[] } = {},
): Promise<Journal<Note>> =>
  openJournal({
    directory,
    events: NOTES,
    checkpoint: (point) => {
      hooks.points?.push(point);
    },
    onTornLine: (line) => hooks.torn?.push(line),
  });

export const append = <E>(chain: Chain<E>, ...events: readonly E[]): Promise<readonly Entry<E>[]> =>
  chain.append(AT, events, (entries) => entries);

/** Opens a chain and gives what it holds. */
export async function opened<E>(journal: Journal<E>, id: string) {
  const entries: Entry<E>[] = [];
  const chain = await journal.open(id, null, (more) => entries.push(...more));
  assert(chain !== null);
  return { chain, entries };
}

export const textsOf = async (journal: Journal<Note>, id: string): Promise<string[]> =>
  (await opened(journal, id)).entries.map(({ event }) => event.text);

export const failsWith = (code: JournalErrorCode, message: RegExp) => (error: unknown) => {
  assert(error instanceof JournalError);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};
