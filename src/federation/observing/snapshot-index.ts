/** A snapshot by what is looked up in it, made once for all federations in its zone. */
import { parseAttempt } from "../../guest-protocol/attempt.ts";
import type { ServiceFacts, VmFacts, ZoneSnapshot } from "../model/zone-facts.ts";

interface SnapshotIndex {
  readonly vms: ReadonlyMap<number, VmFacts>;
  readonly vmsByService: ReadonlyMap<number, readonly VmFacts[]>;
  /** By the federation that their FL_ATTEMPT names. */
  readonly servicesByFederation: ReadonlyMap<string, readonly ServiceFacts[]>;
}

const made = new WeakMap<ZoneSnapshot, SnapshotIndex>();

export function indexOf(snapshot: ZoneSnapshot): SnapshotIndex {
  const known = made.get(snapshot);
  if (known !== undefined) return known;
  const index: SnapshotIndex = {
    vms: new Map(snapshot.vms.map((vm) => [vm.id, vm])),
    vmsByService: grouped(snapshot.vms, ({ serviceId }) => serviceId),
    servicesByFederation: grouped(snapshot.services, ({ attempt }) => federationIn(attempt)),
  };
  made.set(snapshot, index);
  return index;
}

function federationIn(attempt: string | undefined): string | undefined {
  const parsed = attempt === undefined ? null : parseAttempt(attempt);
  return parsed?.ok ? parsed.value.federation : undefined;
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
