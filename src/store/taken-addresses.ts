/** Which addresses living federations have asked for, by zone: SuperLinks', gateways', and what is behind one; kept up with each change. */
import { addressesAskedFor } from "../federation/model/gateway.ts";
import type { ZoneName } from "../federation/model/identity.ts";
import type { DecisionContext } from "../federation/model/policy.ts";
import { coordinatorOf, type Federation } from "../federation/model/state.ts";

interface Place {
  readonly zone: ZoneName;
  readonly address: string;
}

function placesOf(federation: Federation | null | undefined): readonly Place[] {
  if (federation === null || federation === undefined || federation.ended !== null) return [];
  const { address, sites } = federation;
  const superLink = address === null ? [] : [{ zone: coordinatorOf(federation).zone, address }];
  const asked = [...sites.values()].flatMap((site) =>
    addressesAskedFor(site).map((each) => ({ zone: site.zone, address: each })),
  );
  return [...superLink, ...asked];
}

export class TakenAddresses {
  /** How often each is wanted: two federations may have one that was given by hand. */
  readonly #byZone = new Map<ZoneName, Map<string, number>>();

  change(before: Federation | null, after: Federation | null): void {
    for (const place of placesOf(before)) this.#count(place, -1);
    for (const place of placesOf(after)) this.#count(place, 1);
  }

  /** Those of all others. It follows later changes: whoever wants to keep it makes a copy. */
  but(own: Federation | undefined): DecisionContext["takenAddresses"] {
    return { get: (zone) => this.#othersIn(zone, own) };
  }

  #othersIn(zone: ZoneName, own: Federation | undefined): ReadonlySet<string> | undefined {
    const counts = this.#byZone.get(zone);
    if (counts === undefined) return undefined;
    const left = new Map(counts);
    for (const place of placesOf(own)) {
      if (place.zone === zone) left.set(place.address, (left.get(place.address) ?? 0) - 1);
    }
    return new Set([...left].flatMap(([address, count]) => (count > 0 ? [address] : [])));
  }

  #count({ zone, address }: Place, by: 1 | -1): void {
    const counts = this.#byZone.get(zone) ?? new Map<string, number>();
    const count = (counts.get(address) ?? 0) + by;
    if (count > 0) counts.set(address, count);
    else counts.delete(address);
    if (counts.size > 0) this.#byZone.set(zone, counts);
    else this.#byZone.delete(zone);
  }
}
