/** The canonical form of plain data, and hashes over it. */
import { createHash } from "node:crypto";
import { type Digest, digest as digestSchema } from "./identity.ts";

/** JSON with names in order of their UTF-16 code units and nothing between tokens: equal data, equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value ?? null);
}

/** SHA-256 of UTF-8 text, 64 hex digits. */
export const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

export const digestOf = (plan: object): Digest => digestSchema.parse(sha256(canonical(plan)));
