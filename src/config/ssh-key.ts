/** Public ssh keys, held to what may enter a guest's CONTEXT. */
import { isContextValue } from "../guest-protocol/alphabets.ts";
import type { Reading } from "./shape.ts";

const TYPES = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];

/** One line of an `id_….pub` file, the comment dropped. */
export function readSshKey(written: string): Reading<string> {
  if (written.includes("PRIVATE KEY")) {
    return {
      ok: false,
      problem: "is a private key",
      remedy: "Give the public half, the line in the file that ends in .pub. Treat the private key as known to others.",
    };
  }
  const [type = "", blob = ""] = written.trim().split(/\s+/);
  if (!TYPES.includes(type)) {
    return { ok: false, problem: "does not begin with a type of key that can be handed to a VM" };
  }
  const key = `${type} ${blob}`;
  return isContextValue(key) && saysType(blob, type)
    ? { ok: true, value: key }
    : { ok: false, problem: "is cut off or altered: its middle part does not belong to its type" };
}

/** RFC 4253, 6.6: the key itself begins with its type, after four bytes that give the type's length. */
function saysType(blob: string, type: string): boolean {
  const bytes = Buffer.from(blob, "base64");
  const length = bytes.length > 4 ? bytes.readUInt32BE(0) : 0;
  const named = bytes.subarray(4, 4 + length).toString("latin1") === type;
  return named && bytes.length > 4 + length && bytes.toString("base64") === blob;
}
