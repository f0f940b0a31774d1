import { z } from "zod";
import { type Decoded, decodeStructured, encodeStructured } from "./decoded.ts";
import { NODE_STATUSES } from "./names.ts";
import { isNodeKeyFingerprint } from "./node-key.ts";

const shape = z.strictObject({
  nodes: z.array(
    z.strictObject({
      key: z.string().refine(isNodeKeyFingerprint),
      // Flower's ids exceed 2^53, so they are text everywhere.
      nodeId: z.string().regex(/^[0-9]{1,20}$/),
      status: z.enum(NODE_STATUSES),
    }),
  ),
});

/** One SuperNode as the SuperLink knows it: the fingerprint of its key, Flower's id as text, and its status. */
export type NodeEntry = z.infer<typeof shape>["nodes"][number];

/** `FL_NODES`: base64 of `{"schema":1,"nodes":[{"key":"SHA256:…","nodeId":"123","status":"online"}]}`. */
export function encodeNodeList(nodes: readonly NodeEntry[]): string {
  return encodeStructured({ nodes: nodes.map(({ key, nodeId, status }) => ({ key, nodeId, status })) });
}

export function decodeNodeList(value: string): Decoded<readonly NodeEntry[]> {
  const decoded = decodeStructured(value, shape);
  return decoded.ok ? { ok: true, value: decoded.value.nodes } : decoded;
}
