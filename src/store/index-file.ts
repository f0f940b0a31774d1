/** The index on disk: a cache, made anew from the chains when it is missing, damaged or does not agree with them. */
import { Low } from "lowdb";
import { z } from "zod";
import { channelId, federationId, person, slug, zoneName } from "../federation/model/identity.ts";
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
const entryShape = z
  .strictObject({
    id: federationId,
    name: slug,
    homeChannel: channelId,
    zones: z.array(zoneName),
    requester: person,
    requestedAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable(),
    settled: z.boolean(),
    told: z.boolean(),
    seq: z.int(),
    hash: z.string(),
    start: z.int(),
    bytes: z.int(),
  })
  .transform(({ seq, hash, start, bytes, ...rest }) => ({ ...rest, position: { seq, hash, start, end: bytes } }));
const entries = z.array(entryShape);

const stored = ({ position: { seq, hash, start, end }, ...rest }: IndexEntry): object => ({
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
      decode: (data) => entries.parse(data),
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
