/** The index on disk: a cache, made anew from the chains when it is missing, damaged or does not agree with them. */
import { Low } from "lowdb";
import { z } from "zod";
import type { Position } from "./event-log.ts";
import type { IndexEntry } from "./federation-index.ts";
import { SealedFile } from "./sealed-file.ts";

export interface IndexFile {
  /** Null when there is none. Throws when it cannot be used. */
  load(): Promise<readonly IndexEntry[] | null>;
  save(entries: readonly IndexEntry[]): Promise<void>;
}

/** Of an entry's shape, and of what it means that a federation is settled. */
const SCHEMA = 1;

/** Written short: the file grows with everything that ever was. */
type StoredEntry = Omit<IndexEntry, "position"> & Omit<Position, "end"> & { readonly bytes: number };

/** That they are entries rests on the file's sum and the number of their shape: a start reads all that ever was. */
const isStored = (value: unknown): value is readonly StoredEntry[] => Array.isArray(value);
const storedEntries = z.custom<readonly StoredEntry[]>(isStored);

const entryOf = ({ seq, hash, start, bytes, ...rest }: StoredEntry): IndexEntry => ({
  ...rest,
  position: { seq, hash, start, end: bytes },
});

const stored = ({ position: { seq, hash, start, end }, ...rest }: IndexEntry): StoredEntry => ({
  ...rest,
  seq,
  hash,
  start,
  bytes: end,
});

export const openIndexFile = (path: string): IndexFile => {
  const file = new Low<readonly IndexEntry[] | null>(
    new SealedFile<readonly IndexEntry[] | null>({
      path,
      schema: SCHEMA,
      durable: false,
      encode: (data) => data?.map(stored),
      decode: (data) => storedEntries.parse(data).map(entryOf),
    }),
    null,
  );
  return {
    async load() {
      await file.read();
      const { data } = file;
      // Held by the index from here on, not twice.
      file.data = null;
      return data;
    },
    async save(all) {
      file.data = all;
      await file.write();
      file.data = null;
    },
  };
};
