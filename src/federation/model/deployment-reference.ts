/** What a zone calls what was deployed there. */
import { z } from "zod";

/** A OneFlow service, or the VMs themselves where a zone has no OneFlow. */
export const deploymentRef = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("oneflow"), id: z.int() }),
]);
export type DeploymentRef = z.infer<typeof deploymentRef>;

export const refKey = (ref: DeploymentRef): string => `${ref.kind} ${ref.id}`;

/** Names what is to be removed: by what the zone calls it, or by the tag of a create whose answer was lost. */
export const removalKey = (ref: DeploymentRef | null, tag: string | null): string =>
  ref === null ? `tag ${tag ?? ""}` : refKey(ref);
