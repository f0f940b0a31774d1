/** Which addresses the SuperLinks of living federations have, by zone; kept up with each change. */
import type { ZoneName } from "../federation/model/identity.ts";
import type { DecisionContext } from "../federation/model/policy.ts";
import { coordinatorOf, type Federation } from "../federation/model/state.ts";

interface Place {
  readonly zone: ZoneName;
  readonly address: string;
}

const placeOf = (federation: Federation | null | undefined): Place | null => {
  if (federation === null || federation === undefined) return null;
  const { address, ended } = federation;
  return address === null || ended !== null ? null : { zone: coordinatorOf(federation).zone, address };
};

export class TakenAddresses {
  /** How many federations have an address: two may, where one was given by hand. */
  readonly #byZone = new Map<ZoneName, Map<string, number>>();
  readonly #sets = new Map<ZoneName, Set<string>>();

  change(before: Federation | null, after: Federation | null): void {
    this.#count(placeOf(before), -1);
    this.#count(placeOf(after), 1);
  }

  /** Those of all others. It follows later changes: whoever wants to keep it makes a copy. */
  but(own: Federation | undefined): DecisionContext["takenAddresses"] {
    const place = placeOf(own);
    return { get: (zone) => this.#setOf(zone, place) };
  }

  #setOf(zone: ZoneName, own: Place | null): ReadonlySet<string> | undefined {
    const taken = this.#sets.get(zone);
    if (taken === undefined || own === null || own.zone !== zone) return taken;
    if ((this.#byZone.get(zone)?.get(own.address) ?? 0) > 1) return taken;
    // Asked for only when a federation that has an address looks for another one.
    return new Set([...taken].filter((address) => address !== own.address));
  }

  #count(place: Place | null, by: 1 | -1): void {
    if (place === null) return;
    const { zone, address } = place;
    const counts = this.#byZone.get(zone) ?? new Map<string, number>();
    const taken = this.#sets.get(zone) ?? new Set<string>();
    const count = (counts.get(address) ?? 0) + by;
    if (count > 0) {
      counts.set(address, count);
      taken.add(address);
    } else {
      counts.delete(address);
      taken.delete(address);
    }
    if (taken.size > 0) {
      this.#byZone.set(zone, counts);
      this.#sets.set(zone, taken);
    } else {
      this.#byZone.delete(zone);
      this.#sets.delete(zone);
    }
  }
}
