/** What a zone calls what was deployed there. */
import { z } from "zod";

/** A OneFlow service, or the VMs themselves where none holds them, in the order in which they were made. */
export const deploymentRef = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("oneflow"), id: z.int() }),
  z.strictObject({ kind: z.literal("vms"), ids: z.array(z.int()).min(1).readonly() }),
]);
export type DeploymentRef = z.infer<typeof deploymentRef>;
export type DeploymentKind = DeploymentRef["kind"];

export const refKey = (ref: DeploymentRef): string =>
  ref.kind === "oneflow" ? `oneflow ${ref.id}` : `vms ${ref.ids.join(" ")}`;

export const vmRef = (vmId: number): DeploymentRef => ({ kind: "vms", ids: [vmId] });

/** Keys of all that can be found by itself: each VM is, where no service holds them together. */
export const partKeys = (ref: DeploymentRef): readonly string[] =>
  ref.kind === "oneflow" ? [refKey(ref)] : ref.ids.map((id) => refKey(vmRef(id)));

/** Names what is to be removed: by what the zone calls it, or by the tag of a create whose answer was lost. */
export const removalKey = (ref: DeploymentRef | null, tag: string | null): string =>
  ref === null ? `tag ${tag ?? ""}` : refKey(ref);
