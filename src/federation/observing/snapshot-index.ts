/** A snapshot by what is looked up in it, made once for all federations in its zone. */
import { parseAttempt } from "../../guest-protocol/attempt.ts";
import { CONTEXT } from "../../guest-protocol/names.ts";
import { type DeploymentRef, vmRef } from "../model/deployment-reference.ts";
import type { VmFacts, ZoneSnapshot } from "../model/zone-facts.ts";

/** Something that was deployed for a federation, as the FL_ATTEMPT that it bears says. */
export interface Tagged {
  readonly ref: DeploymentRef;
  readonly tag: string;
  /** As the zone shows it. */
  readonly name: string;
  /** The site that the tag names. */
  readonly site: string;
}

interface SnapshotIndex {
  readonly vms: ReadonlyMap<number, VmFacts>;
  readonly vmsByService: ReadonlyMap<number, readonly VmFacts[]>;
  /** What has not ended, by the federation that its tag names. */
  readonly taggedByFederation: ReadonlyMap<string, readonly Tagged[]>;
}

const made = new WeakMap<ZoneSnapshot, SnapshotIndex>();

export function indexOf(snapshot: ZoneSnapshot): SnapshotIndex {
  const known = made.get(snapshot);
  if (known !== undefined) return known;
  const services = snapshot.services.filter(({ state }) => state !== "done");
  const vms = snapshot.vms.filter(({ state, serviceId }) => state !== "done" && serviceId === undefined);
  const tagged = [
    ...services.flatMap(({ id, name, attempt }) => attributed({ kind: "oneflow", id }, name, attempt)),
    // Whatever a guest writes is in its attributes: CONTEXT is what was ordered.
    ...vms.flatMap(({ id, name, context }) => attributed(vmRef(id), name, context[CONTEXT.attempt])),
  ];
  const index: SnapshotIndex = {
    vms: new Map(snapshot.vms.map((vm) => [vm.id, vm])),
    vmsByService: grouped(snapshot.vms, ({ serviceId }) => serviceId),
    taggedByFederation: new Map(
      [...grouped(tagged, ({ federation }) => federation)].map(([id, all]) => [id, all.map(({ found }) => found)]),
    ),
  };
  made.set(snapshot, index);
  return index;
}

interface Attributed {
  readonly federation: string;
  readonly found: Tagged;
}

function attributed(ref: DeploymentRef, name: string, tag: string | undefined): readonly Attributed[] {
  const parsed = tag === undefined ? null : parseAttempt(tag);
  if (tag === undefined || !parsed?.ok) return [];
  const { federation, site } = parsed.value;
  return [{ federation, found: { ref, tag, name, site } }];
}

function grouped<T, K>(things: readonly T[], keyOf: (thing: T) => K | undefined): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const thing of things) {
    const key = keyOf(thing);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [thing]);
    else group.push(thing);
  }
  return groups;
}
