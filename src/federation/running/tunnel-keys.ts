/** Which keys count as ends of a federation's tunnels. */
import type { FederationEvent } from "../model/events.ts";
import { hubVm } from "../model/hub.ts";
import type { SiteName } from "../model/identity.ts";
import { MAX_KEYS_PER_VM } from "../model/limits.ts";
import { hasTunnelEnd, tunnelEndsOf } from "../model/plan.ts";
import type { ReasonCode } from "../model/reasons.ts";
import { namedBy, successorOf } from "../model/rotation.ts";
import { routerEnds } from "../model/router.ts";
import { type DeployedVm, type Federation, isTunnelTurnedAway, type Site, type TunnelKey } from "../model/state.ts";
import { UNREADABLE_KEY } from "../observing/vm-observation.ts";

/** The VM publishes a key that was not judged yet, and there is a place for it. */
export function isTunnelKeyDue(federation: Federation, site: Site, vm: DeployedVm): boolean {
  const key = vm.seen.tunnelKey;
  if (key === null || key === vm.tunnelKey || !vm.verified || vm.gone || isTunnelTurnedAway(vm)) return false;
  return site.role === "coordinator" ? vm.vmId === hubVm(federation)?.vmId : freePair(federation, site, vm) !== null;
}

/**
 * A key counts only from a VM that is what was approved. One that two VMs publish is refused to both, but for the
 * hub's: every site's VM knows that one, and none of them can take it away. A VM that comes back with another key loses
 * the one it had, a few times; also for a key that it is refused, or it could take somebody's tunnel and keep its own.
 */
export function judgeTunnelKey(federation: Federation, name: SiteName, vmId: number): readonly FederationEvent[] {
  const site = federation.sites.get(name);
  const vm = site?.deployment?.vms.get(vmId);
  const key = vm?.seen.tunnelKey ?? null;
  if (site === undefined || vm === undefined || key === null || !isTunnelKeyDue(federation, site, vm)) return [];
  const at = { site: name, vmId };
  const refusal = refusalOf(federation, site, vm, key);
  const known = federation.tunnelKeys.get(key);
  const had = vm.tunnelKey === null ? [] : [{ type: "tunnel-key-revoked" as const, ...at, key: vm.tunnelKey }];
  if (refusal !== null) {
    const isTaken = refusal === "tunnel-key-duplicate" && known !== undefined && !known.revoked;
    const lost = refusal === "key-changes" ? [] : had;
    return [refused({ ...at, key }, refusal), ...lost, ...(isTaken ? withdrawn(known, refusal) : [])];
  }
  const pair = site.role === "coordinator" ? null : freePair(federation, site, vm);
  return [...had, { type: "tunnel-key-accepted", ...at, key, pair }];
}

const withdrawn = ({ site, vmId, key }: TunnelKey, code: ReasonCode): readonly FederationEvent[] => [
  { type: "tunnel-key-revoked", site, vmId, key },
  refused({ site, vmId, key }, code),
];

const refused = (claim: Pick<TunnelKey, "site" | "vmId" | "key">, code: ReasonCode): FederationEvent => ({
  type: "tunnel-key-refused",
  site: claim.site,
  vmId: claim.vmId,
  key: claim.key,
  reason: { code, detail: `VM ${claim.vmId}` },
});

function refusalOf(federation: Federation, site: Site, vm: DeployedVm, key: string): ReasonCode | null {
  const isOwn = (one: TunnelKey): boolean => one.site === site.name && one.vmId === vm.vmId;
  const own = [...federation.tunnelKeys.values()].filter((one) => isOwn(one) && !one.asked);
  if (site.deployment !== null && successorOf(site.deployment, vm) === key) return null;
  if (own.length + vm.refusedTunnelKeys.length >= MAX_KEYS_PER_VM) return "key-changes";
  if (key === UNREADABLE_KEY) return "tunnel-key-malformed";
  const named = namedBy(federation, key);
  if (named !== null) return named.site.role === "coordinator" ? "tunnel-key-of-hub" : "tunnel-key-named";
  const known = federation.tunnelKeys.get(key);
  // A router keeps its key, which its owner gave: anybody may read it and publish it.
  if (routerEnds(federation).some((router) => router.key === key)) return "tunnel-key-duplicate";
  if (known === undefined || isOwn(known)) return null;
  return known.pair === null ? "tunnel-key-of-hub" : "tunnel-key-duplicate";
}

/** The first of its site's pairs that no other VM has; a VM that is not proven gone keeps its own. */
function freePair(federation: Federation, { name, deployment }: Site, { vmId, seen }: DeployedVm): number | null {
  const link = deployment?.plan.link;
  if (deployment === null || link?.kind !== "wireguard" || link.pairs === null) return null;
  const { first } = link.pairs;
  const others = [...federation.tunnelKeys.values()].filter(
    (key) => key.site === name && !key.revoked && key.vmId !== vmId,
  );
  const taken = new Set(others.map(({ pair }) => pair));
  if (!hasTunnelEnd(deployment.plan, seen.part)) return null;
  const own = Array.from({ length: tunnelEndsOf(deployment.plan) }, (_, nth) => first + nth);
  return own.find((pair) => !taken.has(pair)) ?? null;
}
