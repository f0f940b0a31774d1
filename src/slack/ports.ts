/** What Slack's side needs of the rest: the federations, a way to change them, and looks at zones. */

import type { Adjustment, FederationEvent, Reason } from "../federation/events.ts";
import type { CardId, FederationId, Person, ZoneName } from "../federation/identity.ts";
import type { Manifests } from "../federation/manifest.ts";
import type { Policy, World, ZoneProfile } from "../federation/policy.ts";
import type { Refused } from "../federation/reasons.ts";
import type { Request } from "../federation/request.ts";
import type { Federation } from "../federation/state.ts";

export type Decision = { readonly ok: true; readonly events: readonly FederationEvent[] } | Refused;

/** The living and the ended federations, and the only way to change one. */
export interface Federations {
  all(): readonly Federation[];
  get(id: FederationId): Federation | undefined;
  /** Decides on the newest state and journals what follows; decisions on one federation never overlap. */
  change(id: FederationId, decide: (federation: Federation, world: World) => Decision): Promise<Decision>;
  /** Journals a new federation if its name is still free. */
  found(request: Request): Promise<Decision>;
  /** Called after each change, with the newest state. */
  onChange(listener: (federation: Federation) => void): void;
}

export interface ZoneLook {
  readonly zone: ZoneName;
  /** OpenNebula's version when it answered. */
  readonly version: string | null;
  readonly problems: readonly Reason[];
}

export interface ZoneLooks {
  /** A fresh read-only look at every zone, each with what is missing for the roles it offers. */
  lookAtAll(): Promise<readonly ZoneLook[]>;
  /** Looks at the zone with the owner's choices and makes the adjusted version and its approval one decision. */
  adjust(input: {
    readonly federation: FederationId;
    readonly card: CardId;
    readonly by: Person;
    readonly decision: string;
    readonly adjustment: Adjustment;
  }): Promise<Decision | { readonly ok: false; readonly problems: readonly Reason[] }>;
  /** After an approval: sees whether the address that was picked is still free. */
  lookAtAddress(federation: FederationId): void;
}

export interface Configuration {
  readonly policy: Policy;
  readonly zones: ReadonlyMap<ZoneName, ZoneProfile>;
  /** What zones are given: shown to an owner who wants to see it before deciding. */
  readonly manifests: Manifests;
}
