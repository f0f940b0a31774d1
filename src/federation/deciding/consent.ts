/** Who has to agree to what, and whether enough of them have: pure looks at a site. */
import type { ConsentKind } from "../model/events.ts";
import { type Person, samePerson } from "../model/identity.ts";
import type { DecisionContext, ZoneProfile } from "../model/policy.ts";
import { type Consent, coordinatorOf, currentProposal, type Federation, type Site } from "../model/state.ts";

type Directory = Pick<DecisionContext, "policy" | "zones">;

/** Kinds of consent that a site needs: one that joins a running federation must also be admitted. */
export const neededKinds = (site: Site): readonly ConsentKind[] => (site.joinedLater ? ["run", "admit"] : ["run"]);

/** The zone whose owners give that kind of consent. */
export function decidingZone(federation: Federation, site: Site, kind: ConsentKind): Site["zone"] {
  return kind === "run" ? site.zone : coordinatorOf(federation).zone;
}

export const isOwner = (profile: ZoneProfile | undefined, person: Person): boolean =>
  profile?.owners.some((owner) => samePerson(owner, person)) ?? false;

/** Consents of one kind that stand: for the newest plan, by people who are owners now. */
export function standingConsents(
  federation: Federation,
  site: Site,
  kind: ConsentKind,
  context: Directory,
): readonly Consent[] {
  const profile = context.zones.get(decidingZone(federation, site, kind));
  const digest = currentProposal(site)?.digest;
  return site.consents.filter(
    (consent) => consent.kind === kind && consent.digest === digest && isOwner(profile, consent.by),
  );
}

/** How many owners are still missing for that kind of consent; 0 when the quorum is reached. */
export function missingConsents(federation: Federation, site: Site, kind: ConsentKind, context: Directory): number {
  const quorum = context.zones.get(decidingZone(federation, site, kind))?.quorum ?? 1;
  const given = standingConsents(federation, site, kind, context);
  const missing = Math.max(0, quorum - given.length);
  const requesterAlone = given.length > 0 && given.every(({ by }) => samePerson(by, site.requester));
  return missing === 0 && requesterAlone && !context.policy.requesterMayApproveAlone ? 1 : missing;
}

export const isApproved = (federation: Federation, site: Site, context: Directory): boolean =>
  currentProposal(site) !== null &&
  neededKinds(site).every((kind) => missingConsents(federation, site, kind, context) === 0);
