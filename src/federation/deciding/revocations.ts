/** Keys that leave with what they were admitted for. */
import type { FederationEvent } from "../model/events.ts";
import type { ZoneName } from "../model/identity.ts";
import type { Federation } from "../model/state.ts";

/** Keys of a site's VMs, no longer welcome: the SuperLink unregisters them for ever, and the hub forgets them. */
export function revocations(federation: Federation, zone: ZoneName): readonly FederationEvent[] {
  const isLeaving = (key: { readonly site: ZoneName; readonly revoked: boolean }): boolean =>
    key.site === zone && !key.revoked;
  return [
    ...[...federation.keys.values()]
      .filter(isLeaving)
      .map(({ vmId, key }) => ({ type: "key-revoked", site: zone, vmId, key }) as const),
    ...[...federation.tunnelKeys.values()]
      .filter(isLeaving)
      .map(({ vmId, key }) => ({ type: "tunnel-key-revoked", site: zone, vmId, key }) as const),
  ];
}
