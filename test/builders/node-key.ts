import { createHash } from "node:crypto";
import { type NodeKey, nodeKeyFromSpki } from "../../src/guest-protocol/node-key.ts";

const SPKI_PREFIX = "3076301006072a8648ce3d020106052b81040022036200";

/** A SuperNode's identity key that has the right form; the same name gives the same key, and nobody holds its private half. */
export function aNodeKey(name: string): NodeKey {
  const halves = ["x", "y"].map((half) => createHash("sha384").update(`${half} of ${name}`).digest());
  const key = nodeKeyFromSpki(Buffer.concat([Buffer.from(`${SPKI_PREFIX}04`, "hex"), ...halves]));
  if (!key.ok) throw new Error(`No key for ${name}: ${key.reason}.`);
  return key.value;
}
