/**
 * The chain that a journal file is: one line of canonical JSON per append, each holding the hash of the line before
 * it. Whoever knows the last hash can tell whether anything before it was changed, left out or put in.
 */
import { z } from "zod";
import { canonical, sha256 } from "../federation/model/digest.ts";

/** The version of the line's shape. A file with a later one was written by a later florist. */
const SCHEMA = 1;

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const lineShape = z.strictObject({
  schema: z.literal(SCHEMA),
  /** Number of the first event in this line; events of one file are numbered from 1 without gaps. */
  seq: z.int().positive(),
  at: z.iso.datetime(),
  prev: hash,
  hash,
  events: z.array(z.unknown()).min(1),
});
export type Line = Readonly<z.infer<typeof lineShape>>;

/** Where a chain stands: the number of its last event (0: none yet) and the hash of its last line. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

export type ChainFault = { readonly kind: "damaged" | "newer"; readonly line: number; readonly problem: string };

type ChainReading =
  | {
      readonly ok: true;
      readonly lines: readonly Line[];
      readonly head: Head;
      /** Bytes that whole lines take. */
      readonly wholeBytes: number;
      /** Bytes after the last newline: an append that was cut off before anybody was told it had happened. */
      readonly tornBytes: number;
    }
  | { readonly ok: false; readonly fault: ChainFault };

const NEWLINE = 0x0a;

/** A chain begins at its file's name, so that two files cannot change places. */
export const genesis = (id: string): Head => ({ seq: 0, hash: sha256(`florist journal ${id}`) });

export const headAfter = (line: Line): Head => ({ seq: line.seq + line.events.length - 1, hash: line.hash });

/** The line that follows `head`. `events` must be what `JSON.parse` gives. Throws if `at` is no ISO time in UTC. */
export const nextLine = (head: Head, at: string, events: readonly unknown[]): Line => {
  const rest = { schema: SCHEMA, seq: head.seq + 1, at, prev: head.hash, events };
  return lineShape.parse({ ...rest, hash: sha256(canonical(rest)) });
};

export const lineText = (line: Line): string => `${canonical(line)}\n`;

const laterVersion = z.looseObject({ schema: z.int().gt(SCHEMA) });

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
};

type LineReading = { readonly ok: true; readonly line: Line } | { readonly ok: false; readonly fault: ChainFault };

const readLine = (head: Head, number: number, bytes: Buffer): LineReading => {
  const fail = (kind: ChainFault["kind"], problem: string): LineReading => ({
    ok: false,
    fault: { kind, line: number, problem },
  });
  const value = parseJson(bytes);
  if (laterVersion.safeParse(value).success) return fail("newer", "it was written by a later version of florist");
  const parsed = lineShape.safeParse(value);
  if (!parsed.success) return fail("damaged", "it is not a journal line");
  const line = parsed.data;
  const { hash: claimed, ...rest } = line;
  // Comparing the text too catches what the value cannot show, such as 1e21 turned into 1E21.
  if (claimed !== sha256(canonical(rest)) || !bytes.equals(Buffer.from(canonical(line))))
    return fail("damaged", "its content does not match its hash");
  if (line.prev !== head.hash || line.seq !== head.seq + 1)
    return fail("damaged", "it does not follow the line before it");
  return { ok: true, line };
};

/** Reads and checks the whole chain of federation `id`. Never throws on what the bytes say. */
export const readChain = (id: string, bytes: Buffer): ChainReading => {
  const lines: Line[] = [];
  let head = genesis(id);
  let from = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
    const reading = readLine(head, lines.length + 1, bytes.subarray(from, end));
    if (!reading.ok) return reading;
    lines.push(reading.line);
    head = headAfter(reading.line);
    from = end + 1;
  }
  return { ok: true, lines, head, wholeBytes: from, tornBytes: bytes.length - from };
};
