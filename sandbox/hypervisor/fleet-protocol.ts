import { z } from "zod";

/** The SuperLink speaks first; a SuperNode answers with its key and a signature over these bytes. */
export const challenge = z.strictObject({ challenge: z.string() });
export const answer = z.strictObject({ key: z.string(), signature: z.string() });
export const verdict = z.discriminatedUnion("verdict", [
  z.strictObject({ verdict: z.literal("accepted"), nodeId: z.string() }),
  z.strictObject({ verdict: z.enum(["not-admitted", "bad-proof", "already-online"]) }),
]);
export type Verdict = z.infer<typeof verdict>;
/** The SuperLink's last word on a connection it had accepted. */
export const farewell = z.strictObject({ farewell: z.enum(["unregistered", "ending"]) });

/** What is signed: the challenge, and the TLS connection it came over, so that nobody can pass it on. */
export function challengeBytes(challengeText: string, binding: Buffer): Buffer {
  return Buffer.from(`florist-fleet-1\n${challengeText}\n${binding.toString("base64")}\n`, "utf8");
}

export const BINDING = { length: 32, label: "EXPORTER-florist-fleet" };
