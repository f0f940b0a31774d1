/** Changing the tunnel keys of a site's VMs: each key's successor is known at the other ends before it is used. */
import type { EventOf } from "./events.ts";
import type { Rotation, VmRotation } from "./rotation-words.ts";
import { withDeployment } from "./site-change.ts";
import type { DeployedVm, Deployment, Federation, Site } from "./state.ts";

/** Changes of one deployment's keys within an hour: whoever needs more has another trouble. */
const MAX_ROTATIONS = 3;
const HOUR = 3_600_000;

export function rotationUnderWay({ deployment }: Pick<Site, "deployment">): Rotation | null {
  const last = deployment?.rotations.at(-1) ?? null;
  return last === null || last.outcome !== null ? null : last;
}

/** As often as may be within the hour. */
export const isRotationBudgetSpent = ({ rotations }: Deployment, now: string): boolean =>
  rotations.filter(({ askedAt }) => Date.parse(now) - Date.parse(askedAt) < HOUR).length >= MAX_ROTATIONS;

/**
 * The key that a VM has named as its next; null where it has none, or uses it already. What it was told to take into use
 * it may take late, whatever has become of the change: the other ends go on knowing that key.
 */
export function successorOf({ rotations }: Deployment, { vmId, tunnelKey }: DeployedVm): string | null {
  const last = rotations.at(-1);
  const own = last?.vms.find((vm) => vm.vmId === vmId);
  if (last === undefined || own === undefined || own.next === null || own.next === tunnelKey) return null;
  return last.outcome === null || own.switched !== "no" ? own.next : null;
}

/** Which VM has named that key as its next; null: none. */
export function namedBy(federation: Federation, key: string): { readonly site: Site; readonly vmId: number } | null {
  for (const site of federation.sites.values()) {
    const { deployment } = site;
    for (const vm of deployment?.vms.values() ?? []) {
      if (deployment !== null && !vm.gone && successorOf(deployment, vm) === key) return { site, vmId: vm.vmId };
    }
  }
  return null;
}

export type RotationEvent = EventOf<
  | "tunnel-rotation-asked"
  | "tunnel-rotation-told"
  | "tunnel-key-announced"
  | "tunnel-switch-intended"
  | "tunnel-switch-delivered"
  | "tunnel-rotation-ended"
>;

export const evolveRotation = (federation: Federation, event: RotationEvent, at: string): Federation =>
  withDeployment(federation, event.site, (deployment) => ({
    ...deployment,
    rotations: rotationsAfter(deployment.rotations, event, at),
  }));

function rotationsAfter(before: readonly Rotation[], event: RotationEvent, at: string): readonly Rotation[] {
  const last = before.at(-1);
  if (event.type === "tunnel-rotation-asked") {
    const { number, by: askedBy } = event;
    const asked: Rotation = { number, askedBy, askedAt: at, vms: event.vmIds.map(unmoved), outcome: null };
    return [...before, asked].slice(-MAX_ROTATIONS);
  }
  return last === undefined ? before : [...before.slice(0, -1), rotationAfter(last, event, at)];
}

const unmoved = (vmId: number): VmRotation => ({
  vmId,
  told: false,
  next: null,
  announcedAt: null,
  announcements: 0,
  switched: "no",
});

function rotationAfter(
  rotation: Rotation,
  event: Exclude<RotationEvent, { type: "tunnel-rotation-asked" }>,
  at: string,
): Rotation {
  switch (event.type) {
    case "tunnel-rotation-told":
      return rotation.number === event.number ? withVm(rotation, event.vmId, () => ({ told: true })) : rotation;
    case "tunnel-key-announced":
      return withVm(rotation, event.vmId, ({ announcements }) => ({
        next: event.key,
        announcedAt: at,
        announcements: announcements + 1,
        switched: "no",
      }));
    case "tunnel-switch-intended":
      return withVm(rotation, event.vmId, ({ next }) => (next === event.key ? { switched: "intended" } : {}));
    case "tunnel-switch-delivered":
      return withVm(rotation, event.vmId, ({ next }) => (next === event.key ? { switched: "delivered" } : {}));
    case "tunnel-rotation-ended":
      return { ...rotation, outcome: event.outcome };
  }
}

const withVm = (rotation: Rotation, vmId: number, change: (vm: VmRotation) => Partial<VmRotation>): Rotation => ({
  ...rotation,
  vms: rotation.vms.map((vm) => (vm.vmId === vmId ? { ...vm, ...change(vm) } : vm)),
});
