import { createHash } from "node:crypto";
import { z } from "zod";
import { accepted, type Decoded, decodeStructured, encodeStructured, refused } from "./decoded.ts";
import type { GIVEN } from "./names.ts";
import { type NodeKey, parseNodeKey } from "./node-key.ts";

/** `FL_ADMIT` or `FL_REVOKE`: part of what is digested, so that one can never be taken for the other. */
export type KeyListName = typeof GIVEN.admit | typeof GIVEN.revoke;

/**
 * Keys to register, or to unregister, at the SuperLink: always the whole list so far. Unregistering is for ever and
 * needs its own list, so a key missing from `FL_ADMIT` means nothing.
 */
export type KeyList = {
  /** Counts up with every change; a guest ignores a list older than the one it has taken. */
  readonly sequence: number;
  readonly keys: readonly NodeKey[];
};

const shape = z.strictObject({
  sequence: z.int().min(1),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  keys: z.array(z.string()),
});

/**
 * Base64 of `{"schema":1,"sequence":3,"digest":"…","keys":["ecdsa-sha2-nistp384 AAAA…"]}`.
 * @throws RangeError over 64 kB, which about 200 keys reach.
 */
export function encodeKeyList(name: KeyListName, list: KeyList): string {
  const keys = list.keys.map((key) => key.line);
  return encodeStructured({ sequence: list.sequence, digest: digestOf(name, list.sequence, keys), keys });
}

/** Refuses the whole list for one wrong key, a repeated key or a wrong digest: an incomplete value changes nothing. */
export function decodeKeyList(name: KeyListName, value: string): Decoded<KeyList> {
  const decoded = decodeStructured(value, shape);
  if (!decoded.ok) {
    return decoded;
  }
  const { sequence, digest, keys: lines } = decoded.value;
  if (digestOf(name, sequence, lines) !== digest) {
    return refused("digest");
  }
  if (new Set(lines).size !== lines.length) {
    return refused("shape");
  }
  const keys: NodeKey[] = [];
  for (const line of lines) {
    const key = parseNodeKey(line);
    if (!key.ok) {
      return key;
    }
    keys.push(key.value);
  }
  return accepted({ sequence, keys });
}

/** SHA-256, lower-case hexadecimal, over the attribute's name, the sequence and the keys, each ended by a line feed. */
function digestOf(name: KeyListName, sequence: number, lines: readonly string[]): string {
  const text = [name, String(sequence), ...lines].map((line) => `${line}\n`).join("");
  return createHash("sha256").update(text, "utf8").digest("hex");
}
