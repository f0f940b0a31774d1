import { randomBytes } from "node:crypto";

/** Makes ids of Slack's shapes. Timestamps are unique and rise within one stand-in. */
export interface Ids {
  /** Text such as `1503436955.000247`: seconds and microseconds. */
  readonly timestamp: () => string;
  /** An id with Slack's leading letter, such as `V` for a view or `Ev` for an event. */
  readonly object: (prefix: string) => string;
  /** What Slack makes up for a block or an action that was sent without an id. */
  readonly made: () => string;
  readonly trigger: () => string;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

export function createIds(): Ids {
  let last = 0;
  const timestamp = () => {
    last = Math.max(last + 1, Date.now() * 1000);
    return `${Math.floor(last / 1_000_000)}.${String(last % 1_000_000).padStart(6, "0")}`;
  };
  return {
    timestamp,
    object: (prefix) => prefix + random(ALPHABET, 10),
    made: () => random(ALPHABET + ALPHABET.toLowerCase(), 5),
    trigger: () => `${timestamp()}.${randomBytes(16).toString("hex")}`,
  };
}

function random(alphabet: string, length: number): string {
  return Array.from(randomBytes(length), (byte) => alphabet.charAt(byte % alphabet.length)).join("");
}
