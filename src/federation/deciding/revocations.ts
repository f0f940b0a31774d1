/** Keys that leave with what they were admitted for. */
import type { FederationEvent } from "../model/events.ts";
import type { SiteName } from "../model/identity.ts";
import type { Federation } from "../model/state.ts";

/**
 * Keys of a site's VMs, or of one of them, no longer welcome: the SuperLink unregisters them for ever, and the hub
 * forgets them.
 */
export function revocations(federation: Federation, name: SiteName, vmId?: number): readonly FederationEvent[] {
  const isLeaving = (key: { readonly site: SiteName; readonly vmId: number; readonly revoked: boolean }): boolean =>
    key.site === name && (vmId === undefined || key.vmId === vmId) && !key.revoked;
  return [
    ...[...federation.keys.values()]
      .filter(isLeaving)
      .map((one) => ({ type: "key-revoked", site: name, vmId: one.vmId, key: one.key }) as const),
    ...[...federation.tunnelKeys.values()]
      .filter(isLeaving)
      .map((one) => ({ type: "tunnel-key-revoked", site: name, vmId: one.vmId, key: one.key }) as const),
  ];
}
