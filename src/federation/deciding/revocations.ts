/** Keys that leave with what they were admitted for. */
import type { FederationEvent } from "../model/events.ts";
import type { ZoneName } from "../model/identity.ts";
import type { Federation } from "../model/state.ts";

/** Keys of a site's VMs, no longer welcome: the SuperLink unregisters them for ever. */
export function revocations(federation: Federation, zone: ZoneName): readonly FederationEvent[] {
  return [...federation.keys.values()]
    .filter((key) => key.site === zone && !key.revoked)
    .map(({ vmId, key }) => ({ type: "key-revoked", site: zone, vmId, key }));
}
