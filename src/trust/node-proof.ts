import { createPublicKey, verify } from "node:crypto";
import type { ReasonCode } from "../federation/model/reasons.ts";
import { type NodeKey, nodeKeyPem, parseNodeKey } from "../guest-protocol/node-key.ts";
import { decodeNodeProof, nodeProofBytes, type ProofSubject } from "../guest-protocol/node-proof.ts";

/** `key-proof`: the signature is missing or unreadable, is by another key, or is over something else. */
type NodeProofRefusal = Extract<ReasonCode, "key-malformed" | "key-proof">;

type NodeProofCheck =
  | { readonly ok: true; readonly key: NodeKey }
  | { readonly ok: false; readonly reason: NodeProofRefusal };

/**
 * Whether `FL_NODE_PROOF` shows that the VM named in `subject` holds the private half of `FL_NODE_KEY`. The subject
 * comes from the zone and the plan, never from the guest. Never throws on what the two texts say.
 */
export const checkNodeProof = (nodeKey: string, nodeProof: string, subject: ProofSubject): NodeProofCheck => {
  const key = parseNodeKey(nodeKey);
  if (!key.ok) return { ok: false, reason: "key-malformed" };
  const proof = decodeNodeProof(nodeProof);
  if (!proof.ok) return { ok: false, reason: "key-proof" };
  try {
    const publicKey = createPublicKey(nodeKeyPem(key.value));
    return verify("sha384", nodeProofBytes(subject), publicKey, proof.value)
      ? { ok: true, key: key.value }
      : { ok: false, reason: "key-proof" };
  } catch {
    // A point that is not on the curve is found only here.
    return { ok: false, reason: "key-malformed" };
  }
};
