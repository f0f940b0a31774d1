/** Keys that leave with what they were admitted for. */
import type { FederationEvent } from "../model/events.ts";
import type { ZoneName } from "../model/identity.ts";
import type { Federation } from "../model/state.ts";

/**
 * Keys of a site's VMs, or of one of them, no longer welcome: the SuperLink unregisters them for ever, and the hub
 * forgets them.
 */
export function revocations(federation: Federation, zone: ZoneName, vmId?: number): readonly FederationEvent[] {
  const isLeaving = (key: { readonly site: ZoneName; readonly vmId: number; readonly revoked: boolean }): boolean =>
    key.site === zone && (vmId === undefined || key.vmId === vmId) && !key.revoked;
  return [
    ...[...federation.keys.values()]
      .filter(isLeaving)
      .map((one) => ({ type: "key-revoked", site: zone, vmId: one.vmId, key: one.key }) as const),
    ...[...federation.tunnelKeys.values()]
      .filter(isLeaving)
      .map((one) => ({ type: "tunnel-key-revoked", site: zone, vmId: one.vmId, key: one.key }) as const),
  ];
}
