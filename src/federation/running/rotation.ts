/**
 * What is due while tunnel keys are changed: the VM makes its next key, the other ends come to know it, it is taken into
 * use, and the old one is forgotten. No step of the traffic waits for the bot: ends move over by themselves.
 */
import type { FederationEvent } from "../model/events.ts";
import { hubVm } from "../model/hub.ts";
import type { SiteName } from "../model/identity.ts";
import { MAX_KEYS_PER_VM } from "../model/limits.ts";
import type { Durations } from "../model/policy.ts";
import { namedBy, rotationUnderWay } from "../model/rotation.ts";
import type { Rotation, RotationOutcome, VmRotation } from "../model/rotation-words.ts";
import { coordinatorOf, type DeployedVm, type Federation, type Site, trainingSitesOf } from "../model/state.ts";
import type { LiveFederation } from "../observing/live.ts";
import { tunnelStates } from "../observing/tunnels.ts";
import { UNREADABLE_KEY } from "../observing/vm-observation.ts";
import { isTellingDue } from "../tunnels/peers.ts";

export type RotationStep = "tell-tunnel-rotation" | "announce-tunnel-key" | "switch-tunnel-key";

/** Times that a VM may name another next key within one change: it may have lost its disk meanwhile. */
const MAX_ANNOUNCEMENTS = 3;
/**
 * Milliseconds that a hub waits for an end that has a tunnel and does not take the new key: it cannot hold back the
 * others, and is told of the key all the same.
 */
const PATIENCE = 180_000;

export function rotationStep(
  federation: Federation,
  site: Site,
  vm: DeployedVm,
  live: LiveFederation,
  now: string,
): RotationStep | null {
  const own = partOf(site, vm);
  if (own === null) return null;
  if (!own.told) return "tell-tunnel-rotation";
  if (announced(federation, site, vm, live) !== null) return "announce-tunnel-key";
  return isSwitchDue(federation, site, vm, live, now) ? "switch-tunnel-key" : null;
}

const partOf = (site: Site, { vmId, gone }: DeployedVm): VmRotation | null =>
  gone ? null : (rotationUnderWay(site)?.vms.find((one) => one.vmId === vmId) ?? null);

/** A next key that the VM names and that was not looked at yet. One that it had before is left from another change. */
function announced(federation: Federation, site: Site, vm: DeployedVm, live: LiveFederation): string | null {
  const own = partOf(site, vm);
  const key = live.sites.get(site.name)?.vms.get(vm.vmId)?.nextTunnelKey ?? null;
  if (own === null || key === null || key === own.next || own.announcements >= MAX_ANNOUNCEMENTS) return null;
  const had = federation.tunnelKeys.get(key);
  const isOld = had !== undefined && had.site === site.name && had.vmId === vm.vmId;
  const isDone = own.next !== null && own.next === vm.tunnelKey;
  const refused = vm.refusedTunnelKeys;
  if (isOld || isDone || refused.length >= MAX_KEYS_PER_VM) return null;
  return refused.some((one) => one.key === key) ? null : key;
}

/** A key that another VM has, or has named, stays that VM's: who names it has not shown that it holds it. */
export function judgeAnnouncement(
  federation: Federation,
  live: LiveFederation,
  name: SiteName,
  vmId: number,
): readonly FederationEvent[] {
  const site = federation.sites.get(name);
  const vm = site?.deployment?.vms.get(vmId);
  const key = site === undefined || vm === undefined ? null : announced(federation, site, vm, live);
  if (key === null) return [];
  const isFree = key !== UNREADABLE_KEY && !federation.tunnelKeys.has(key) && namedBy(federation, key) === null;
  if (isFree) return [{ type: "tunnel-key-announced", site: name, vmId, key }];
  const reason = { code: "tunnel-next-key", detail: `VM ${vmId}` } as const;
  return [{ type: "tunnel-key-refused", site: name, vmId, key, reason }];
}

/** The key is made, not in use, and was not taken into use yet; and the other ends know it. */
function isSwitchDue(federation: Federation, site: Site, vm: DeployedVm, live: LiveFederation, now: string): boolean {
  const own = partOf(site, vm);
  if (own === null || own.next === null || own.next === vm.tunnelKey || own.switched === "delivered") return false;
  const { next } = own;
  const hub = hubVm(federation)?.vmId ?? null;
  if (site.role === "training") return knows(live, coordinatorOf(federation).name, hub, next);
  if (Date.parse(now) - Date.parse(own.announcedAt ?? now) > PATIENCE) return true;
  // Whoever has no tunnel now loses none. A router's administrator can follow only once the key is in use, and shown.
  return tunnelStates(federation, live).every(
    ({ site: name, vmId, isAlive }) => vmId === null || !isAlive || knows(live, name, vmId, next),
  );
}

/** The VM's device has that key as one of its ends. */
const knows = (live: LiveFederation, name: SiteName, vmId: number | null, key: string): boolean =>
  live.sites
    .get(name)
    ?.vms.get(vmId ?? -1)
    ?.tunnel?.links.peers.some((peer) => peer.key === key) === true;

/** What has come of it by now; null while that is open. */
export function rotationOutcome(
  federation: Federation,
  site: Site,
  rotation: Rotation,
  now: string,
  durations: Durations,
): RotationOutcome | null {
  const vms = rotation.vms.flatMap((own) => {
    const vm = site.deployment?.vms.get(own.vmId);
    return vm === undefined || vm.gone ? [] : [{ own, vm }];
  });
  const changed = vms.filter(({ own, vm }) => own.next !== null && own.next === vm.tunnelKey).length;
  if (vms.length === 0) return "not-changed";
  if (changed === vms.length && areOldForgotten(federation)) return "changed";
  if (Date.parse(now) < rotationEnd(rotation, durations)) return null;
  return changed === vms.length ? "changed" : changed > 0 ? "partly" : "not-changed";
}

/** When a change of keys is given up, whatever it has come to; milliseconds since 1970. */
export const rotationEnd = ({ askedAt }: Rotation, { boot }: Durations): number => Date.parse(askedAt) + boot;

/** When the hub waits no longer for ends that do not take its new key; milliseconds since 1970. */
export const patienceEnds = ({ vms }: Rotation): readonly number[] =>
  vms.flatMap(({ announcedAt }) => (announcedAt === null ? [] : [Date.parse(announcedAt) + PATIENCE + 1]));

/** Every end was told of those that count now. */
const areOldForgotten = (federation: Federation): boolean =>
  [coordinatorOf(federation), ...trainingSitesOf(federation)].every((site) =>
    [...(site.deployment?.vms.values() ?? [])].every((vm) => vm.gone || !isTellingDue(federation, site, vm)),
  );

/** Since when a change of keys is under way that the site's VMs take part in; null: none is. */
export function rotatingSince(federation: Federation, site: Site): string | null {
  const coordinator = coordinatorOf(federation);
  const concerned = site.role === "coordinator" ? [site, ...trainingSitesOf(federation)] : [site, coordinator];
  const since = concerned.flatMap((one) => rotationUnderWay(one)?.askedAt ?? []);
  return since.toSorted().at(-1) ?? null;
}
