/** Who has to agree to what, and whether enough of them have: pure looks at a site. */
import type { ConsentKind } from "../model/events.ts";
import { type Person, type SiteName, samePerson } from "../model/identity.ts";
import type { DecisionContext } from "../model/policy.ts";
import { keeperOf } from "../model/site-profiles.ts";
import { type Consent, coordinatorOf, currentProposal, type Federation, type Site } from "../model/state.ts";

type Directory = Pick<DecisionContext, "policy" | "sites">;

/** Kinds of consent that a site needs: one that joins a running federation must also be admitted. */
export const neededKinds = (site: Site): readonly ConsentKind[] => (site.joinedLater ? ["run", "admit"] : ["run"]);

/** The site whose owners give that kind of consent. */
export function decidingSite(federation: Federation, site: Site, kind: ConsentKind): Site["name"] {
  return kind === "run" ? site.name : coordinatorOf(federation).name;
}

export const isOwner = ({ sites }: Pick<Directory, "sites">, site: SiteName, person: Person): boolean =>
  keeperOf(sites, site)?.owners.some((owner) => samePerson(owner, person)) ?? false;

/** Consents of one kind that stand: for the newest plan, by people who are owners now. */
export function standingConsents(
  federation: Federation,
  site: Site,
  kind: ConsentKind,
  context: Directory,
): readonly Consent[] {
  const decider = decidingSite(federation, site, kind);
  const digest = currentProposal(site)?.digest;
  return site.consents.filter(
    (consent) => consent.kind === kind && consent.digest === digest && isOwner(context, decider, consent.by),
  );
}

/** How many owners are still missing for that kind of consent; 0 when the quorum is reached. */
export function missingConsents(federation: Federation, site: Site, kind: ConsentKind, context: Directory): number {
  const quorum = keeperOf(context.sites, decidingSite(federation, site, kind))?.quorum ?? 1;
  const given = standingConsents(federation, site, kind, context);
  const missing = Math.max(0, quorum - given.length);
  const requesterAlone = given.length > 0 && given.every(({ by }) => samePerson(by, site.requester));
  return missing === 0 && requesterAlone && !context.policy.requesterMayApproveAlone ? 1 : missing;
}

export const isApproved = (federation: Federation, site: Site, context: Directory): boolean =>
  currentProposal(site) !== null &&
  neededKinds(site).every((kind) => missingConsents(federation, site, kind, context) === 0);
