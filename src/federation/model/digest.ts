/** The canonical form of plain data, and hashes over it. */
import { createHash } from "node:crypto";
import { type Digest, digest as digestSchema } from "./identity.ts";
import { PLAN_VERSION, type SitePlan } from "./plan.ts";

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

/**
 * Fields of a plan by the version that brought them. A later version is added here and to `sitePlan`, nothing else. A
 * later field inside a part or a network card is optional and absent where it says what was so before: what is absent is
 * not in the digest.
 */
const FIELDS: Readonly<Record<number, readonly (keyof SitePlan)[]>> = {
  1: [
    "version",
    "federation",
    "name",
    "site",
    "zone",
    "role",
    "parts",
    "link",
    "manifest",
    "agent",
    "endpoint",
    "caFingerprint",
    "settings",
    "sshKeys",
    "nodeConfig",
  ],
  2: ["aside"],
  // From here on a link may be a tunnel.
  3: [],
  4: ["deploy"],
  5: ["purpose", "until"],
  6: ["data"],
};

/** What a plan says in the words of an earlier version: compared with a plan of that version it is equal or not. */
function projected(plan: SitePlan, version: number): Partial<SitePlan> {
  const known = Array.from({ length: version }, (_, index) => FIELDS[index + 1] ?? []).flat();
  return { ...Object.fromEntries(known.map((field) => [field, plan[field]])), version };
}

/** The digest that an approval is bound to, over the fields of the plan's own version, or of an earlier one. */
export const digestOf = (plan: SitePlan, version: number = plan.version): Digest =>
  digestSchema.parse(sha256(canonical(projected(plan, Math.min(version, PLAN_VERSION)))));
