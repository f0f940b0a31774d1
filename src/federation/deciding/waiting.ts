/** What waits for one person: decisions that are theirs, and what only they can mend. Pure. */
import { type Person, samePerson } from "../model/identity.ts";
import type { DecisionContext } from "../model/policy.ts";
import { awaitsRouterKey } from "../model/router.ts";
import { coordinatorOf, currentProposal, type Federation, openGoOn, type Proposal, type Site } from "../model/state.ts";
import type { GoOn } from "../model/term.ts";
import { decidingSite, isOwner, missingConsents, neededKinds, standingConsents } from "./consent.ts";
import { canRetry } from "./lifecycle.ts";
import { type Awaited, awaitedOf } from "./organisation.ts";

type Directory = Pick<DecisionContext, "policy" | "sites">;

export type Waiting =
  /** What would run in the own zone is to be approved, adjusted or rejected. */
  | { readonly kind: "approve"; readonly federation: Federation; readonly site: Site; readonly proposal: Proposal }
  /** A newcomer asks to be admitted to the own coordinator. */
  | { readonly kind: "admit"; readonly federation: Federation; readonly site: Site; readonly proposal: Proposal }
  | {
      readonly kind: "teardown";
      readonly federation: Federation;
      readonly site: Site;
      readonly teardown: NonNullable<Site["teardown"]>;
    }
  /** Whether the own site goes on after the last day. */
  | { readonly kind: "go-on"; readonly federation: Federation; readonly site: Site; readonly goOn: GoOn }
  /** The own organisation is to issue a certificate, or to give its CA's. */
  | { readonly kind: "certificate"; readonly federation: Federation; readonly site: Site; readonly awaited: Awaited }
  /** Something in the own zone is in the way of beginning. */
  | { readonly kind: "problem"; readonly federation: Federation; readonly site: Site }
  /** The site begins once the key of the own zone's router is given. */
  | { readonly kind: "router-key"; readonly federation: Federation; readonly site: Site; readonly proposal: Proposal }
  /** What runs in the own zone is unwell, and another attempt may mend it. */
  | { readonly kind: "unwell"; readonly federation: Federation; readonly site: Site };

export function waitingFor(person: Person, federation: Federation, directory: Directory): readonly Waiting[] {
  if (federation.ended !== null) return [];
  return [...federation.sites.values()].flatMap((site) => [
    ...decisions(person, federation, site, directory),
    ...(isOwner(directory, site.name, person) ? ofOwnSite(federation, site) : []),
  ]);
}

function decisions(person: Person, federation: Federation, site: Site, directory: Directory): readonly Waiting[] {
  const proposal = currentProposal(site);
  if (proposal === null || site.approvalState !== "pending") return [];
  return neededKinds(site).flatMap((kind): readonly Waiting[] => {
    const isTheirs = isOwner(directory, decidingSite(federation, site, kind), person);
    const isOpen = missingConsents(federation, site, kind, directory) > 0;
    const given = standingConsents(federation, site, kind, directory).some(({ by }) => samePerson(by, person));
    if (!isTheirs || !isOpen || given) return [];
    return [{ kind: kind === "run" ? "approve" : "admit", federation, site, proposal }];
  });
}

function ofOwnSite(federation: Federation, site: Site): readonly Waiting[] {
  const { teardown, deployment, problems, approvalState } = site;
  if (teardown !== null && teardown.agreedBy === null && deployment !== null) {
    return mayEnd(federation, site) ? [{ kind: "teardown", federation, site, teardown }] : [];
  }
  if (federation.teardown !== null || approvalState === "excluded") return [];
  const goOn = openGoOn(site);
  if (goOn !== null && goOn.agreedBy === null) return [{ kind: "go-on", federation, site, goOn }];
  const awaited = site.role === "coordinator" ? awaitedOf(federation) : null;
  if (awaited !== null) return [{ kind: "certificate", federation, site, awaited }];
  if (problems.length > 0) return [{ kind: "problem", federation, site }];
  const proposal = currentProposal(site);
  if (proposal !== null && awaitsRouterKey(federation, site))
    return [{ kind: "router-key", federation, site, proposal }];
  return canRetry(federation, site) ? [{ kind: "unwell", federation, site }] : [];
}

/** The coordinator's owner who has said when it stops has nothing left to decide. */
const mayEnd = (federation: Federation, site: Site): boolean =>
  federation.teardown?.because !== "run-out" &&
  (site !== coordinatorOf(federation) || federation.stopAnnounced === null);
