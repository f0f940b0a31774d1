import { createHash } from "node:crypto";

/** A tunnel's public key of the right form; the same name gives the same key, and nobody holds its private half. */
export const aTunnelKey = (name: string): string => createHash("sha256").update(`tunnel of ${name}`).digest("base64");
