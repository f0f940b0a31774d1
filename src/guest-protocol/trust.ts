import { createHash } from "node:crypto";
import { z } from "zod";
import { type Address, formatAddress, parseAddress } from "./address.ts";
import { splitPem } from "./certificates.ts";
import { accepted, type Decoded, decodeStructured, encodeStructured, refused } from "./decoded.ts";

/** A changed CA bundle or address for a SuperNode; it overrides what CONTEXT said at creation. */
export type Trust = {
  /** Counts up with every change; a guest ignores one that is not newer than what it has taken. */
  readonly sequence: number;
  readonly address: Address;
  /** One PEM certificate each; several while an authority is being replaced. */
  readonly authorities: readonly string[];
};

const shape = z.strictObject({
  sequence: z.int().min(1),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  address: z.string(),
  ca: z.string(),
});

/** `FL_TRUST`: base64 of `{"schema":1,"sequence":2,"digest":"…","address":"host:port","ca":"-----BEGIN …"}`. */
export function encodeTrust(trust: Trust): string {
  const address = formatAddress(trust.address);
  const ca = trust.authorities.join("");
  return encodeStructured({
    sequence: trust.sequence,
    digest: digestOf(trust.sequence, address, ca),
    address,
    ca,
  });
}

export function decodeTrust(value: string): Decoded<Trust> {
  const decoded = decodeStructured(value, shape);
  if (!decoded.ok) {
    return decoded;
  }
  const { sequence, digest, ca } = decoded.value;
  if (digestOf(sequence, decoded.value.address, ca) !== digest) {
    return refused("digest");
  }
  const address = parseAddress(decoded.value.address);
  const authorities = splitPem(ca, "CERTIFICATE");
  if (!address.ok || !authorities.ok) {
    return refused("shape");
  }
  return accepted({ sequence, address: address.value, authorities: authorities.value });
}

/** SHA-256, lower-case hexadecimal, over the attribute's name, sequence and address, a line feed after each, and the PEM text. */
function digestOf(sequence: number, address: string, ca: string): string {
  return createHash("sha256").update(`FL_TRUST\n${sequence}\n${address}\n${ca}`, "utf8").digest("hex");
}
