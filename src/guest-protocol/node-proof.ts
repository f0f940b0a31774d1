import { accepted, checkAttribute, type Decoded, refused } from "./decoded.ts";

/** What a SuperNode signs to show that the identity key it publishes is its own, made for this VM and this attempt. */
export type ProofSubject = {
  readonly federation: string;
  readonly site: string;
  /** `FL_ATTEMPT` as it stands in CONTEXT. */
  readonly attempt: string;
  readonly vmId: number;
};

/** A P-384 signature in DER is at most 104 bytes; less than 8 cannot hold two numbers. */
const SIGNATURE_BYTES = { min: 8, max: 104 };

/**
 * The bytes under `FL_NODE_PROOF`: five lines, each ended by a line feed, signed with ECDSA P-384 over SHA-384.
 * No part can hold a line feed, so one text says one thing only.
 */
export function nodeProofBytes(subject: ProofSubject): Buffer {
  const lines = [
    "florist-node-proof-1",
    `federation ${subject.federation}`,
    `site ${subject.site}`,
    `attempt ${subject.attempt}`,
    `vm ${subject.vmId}`,
  ];
  return Buffer.from(lines.map((line) => `${line}\n`).join(""), "utf8");
}

/** `FL_NODE_PROOF` is base64 of the DER signature that `openssl dgst -sha384 -sign` writes. */
export function encodeNodeProof(signature: Buffer): string {
  return signature.toString("base64");
}

export function decodeNodeProof(value: string): Decoded<Buffer> {
  const checked = checkAttribute(value);
  if (!checked.ok) {
    return checked;
  }
  const signature = Buffer.from(value, "base64");
  if (signature.toString("base64") !== value) {
    return refused("encoding");
  }
  const plausible = signature.length >= SIGNATURE_BYTES.min && signature.length <= SIGNATURE_BYTES.max;
  return plausible ? accepted(signature) : refused("shape");
}
