/**
 * The chain that a journal file is: one line of canonical JSON per append, each holding the hash of the line before
 * it. Whoever knows the last hash can tell whether anything before it was changed, left out or put in.
 */
import { z } from "zod";
import { canonical, sha256 } from "../federation/model/digest.ts";
import type { Position } from "./event-log.ts";

/** The version of the line's own shape. A file with a later one was written by a later florist. */
const FORMAT = 1;

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const lineShape = z.strictObject({
  format: z.literal(FORMAT),
  /** The version of the vocabulary that the events are written in. */
  schema: z.int().positive(),
  /** Number of the first event in this line; events of one file are numbered from 1 without gaps. */
  seq: z.int().positive(),
  at: z.iso.datetime(),
  prev: hash,
  hash,
  events: z.array(z.unknown()).min(1),
});
export type Line = Readonly<z.infer<typeof lineShape>>;

type Head = Pick<Position, "seq" | "hash">;

export type ChainFault = { readonly kind: "damaged" | "newer"; readonly problem: string };
type LineReading = { readonly ok: true; readonly line: Line } | { readonly ok: false; readonly fault: ChainFault };

/** A chain begins at its file's name, so that two files cannot change places. */
export const genesis = (id: string): Position => ({ seq: 0, hash: sha256(`florist journal ${id}`), start: 0, end: 0 });

export const headAfter = (line: Line): Head => ({ seq: line.seq + line.events.length - 1, hash: line.hash });

/** The line that follows `head`. `events` must be what `JSON.parse` gives. Throws if `at` is no ISO time in UTC. */
export const nextLine = (head: Head, schema: number, at: string, events: readonly unknown[]): Line => {
  const rest = { format: FORMAT, schema, seq: head.seq + 1, at, prev: head.hash, events };
  return lineShape.parse({ ...rest, hash: sha256(canonical(rest)) });
};

export const lineText = (line: Line): string => `${canonical(line)}\n`;

const laterFormat = z.looseObject({ format: z.int().gt(FORMAT) });

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
};

const fail = (kind: ChainFault["kind"], problem: string): LineReading => ({ ok: false, fault: { kind, problem } });

const LATER = "it was written by a later version of florist";

/**
 * Reads a line's bytes, without its newline, and checks it; `head` is where the chain stands before it, null where
 * nobody knows. `schema` is the newest vocabulary that can be read. Never throws on what the bytes say.
 */
export const readLine = (head: Head | null, schema: number, bytes: Buffer): LineReading => {
  const value = parseJson(bytes);
  if (laterFormat.safeParse(value).success) return fail("newer", LATER);
  const parsed = lineShape.safeParse(value);
  if (!parsed.success) return fail("damaged", "it is not a journal line");
  const line = parsed.data;
  const { hash: claimed, ...rest } = line;
  // Comparing the text too catches what the value cannot show, such as 1e21 turned into 1E21.
  if (claimed !== sha256(canonical(rest)) || !bytes.equals(Buffer.from(canonical(line))))
    return fail("damaged", "its content does not match its hash");
  if (head !== null && (line.prev !== head.hash || line.seq !== head.seq + 1))
    return fail("damaged", "it does not follow the line before it");
  return line.schema > schema ? fail("newer", LATER) : { ok: true, line };
};
