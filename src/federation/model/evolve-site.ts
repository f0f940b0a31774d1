/** The part of `evolve` that follows what is asked of a site and what its owners say. */
import type { EventOf } from "./events.ts";
import { withOpenGoOn } from "./evolve-term.ts";
import { samePerson } from "./identity.ts";
import { removing } from "./site-change.ts";
import { type Consent, currentProposal, type Proposal, type Site } from "./state.ts";

type SiteEvent = EventOf<
  | "preflight-failed"
  | "site-planned"
  | "consent-given"
  | "consent-refused"
  | "consent-withdrawn"
  | "site-approved"
  | "approval-lapsed"
  | "site-excluded"
  | "proposal-dropped"
  | "reminder-due"
  | "retry-asked"
  | "router-key-given"
  | "site-retired"
  | "site-written-off"
  | "teardown-agreed"
  | "teardown-reminder-due"
  | "site-stopped"
  | "go-on-reminder-due"
  | "go-on-agreed"
  | "site-run-out"
>;

/** Older versions are out of date for everybody; their cards say so by themselves. */
const MAX_PROPOSALS = 30;

export function evolveSite(site: Site, event: SiteEvent, at: string): Site {
  switch (event.type) {
    case "preflight-failed":
      return { ...site, problems: event.problems };
    case "site-planned": {
      const { type: _, site: __, ...version } = event;
      return {
        ...site,
        approvalState: "pending",
        excluded: null,
        problems: [],
        proposals: newest(site, { ...version, askedAt: at }),
        consents: standing(site, event.digest),
        refusal: null,
        reminded: false,
      };
    }
    case "consent-given":
      return { ...site, consents: [...site.consents, consentOf(event, at)] };
    case "consent-refused":
      return { ...site, refusal: { ...consentOf(event, at), because: event.because } };
    case "consent-withdrawn":
      return {
        ...site,
        approvalState: "pending",
        consents: site.consents.filter((consent) => !isWithdrawn(site, event, consent)),
      };
    case "site-approved":
      return { ...site, approvalState: "approved" };
    case "approval-lapsed":
      return { ...site, approvalState: "pending", reminded: false, proposals: extended(site, at, event.expiresAt) };
    case "site-excluded":
      return { ...site, approvalState: "excluded", excluded: event.cause, problems: [], retryAskedBy: null };
    case "proposal-dropped":
      return {
        ...site,
        approvalState: "approved",
        retryAskedBy: null,
        proposals: withoutNewest(site),
        // Whoever agreed to it is asked again should the same be wanted once more.
        consents: site.consents.filter(({ digest }) => digest === site.deployment?.digest),
      };
    case "reminder-due":
      return { ...site, reminded: true };
    case "retry-asked":
      return { ...site, retryAskedBy: event.by };
    case "router-key-given":
      return { ...site, router: { key: event.key, hub: event.hub, by: event.by, at } };
    case "site-retired":
      return {
        ...removing(site, "retire", at),
        approvalState: "excluded",
        excluded: "retired",
        problems: [],
        retryAskedBy: null,
      };
    case "site-written-off":
      return {
        ...site,
        approvalState: "excluded",
        excluded: "written-off",
        problems: [],
        retryAskedBy: null,
        deployment: null,
        removals: [],
      };
    case "teardown-reminder-due":
      return { ...site, teardown: site.teardown === null ? null : { ...site.teardown, reminded: true } };
    case "teardown-agreed":
      return { ...site, teardown: site.teardown === null ? null : { ...site.teardown, agreedBy: event.by } };
    case "go-on-reminder-due":
      return withOpenGoOn(site, (open) => ({ ...open, reminded: true }));
    case "go-on-agreed":
      return withOpenGoOn(site, (open) => ({ ...open, agreedBy: event.by }));
    case "site-run-out":
      return {
        ...withOpenGoOn(removing(site, "teardown", at), (open) => ({ ...open, outcome: "run-out" })),
        approvalState: "excluded",
        excluded: "run-out",
        problems: [],
        retryAskedBy: null,
      };
    case "site-stopped":
      return { ...removing(site, "teardown", at), retryAskedBy: null };
  }
}

const consentOf = ({ kind, by, digest }: EventOf<"consent-given" | "consent-refused">, at: string): Consent => ({
  kind,
  by,
  digest,
  at,
});

/** What is taken back is the word on the newest version; what runs was agreed to all the same. */
const isWithdrawn = (site: Site, event: EventOf<"consent-withdrawn">, { kind, by, digest }: Consent): boolean =>
  kind === event.kind && samePerson(by, event.by) && digest === currentProposal(site)?.digest;

/** Consents that a new version does not void: those for the same content, and those for what runs. */
const standing = ({ consents, deployment }: Site, digest: Consent["digest"]): readonly Consent[] =>
  consents.filter((consent) => consent.digest === digest || consent.digest === deployment?.digest);

const extended = ({ proposals }: Site, askedAt: string, expiresAt: string): readonly Proposal[] =>
  proposals.map((proposal, index) => (index === proposals.length - 1 ? { ...proposal, askedAt, expiresAt } : proposal));

/** The version of what runs is kept, however many others were asked about since. */
function newest({ proposals, deployment }: Site, version: Proposal): readonly Proposal[] {
  const all = [...proposals, version];
  const kept = all.slice(-MAX_PROPOSALS);
  const running = all.findLast(({ digest }) => digest === deployment?.digest);
  return running === undefined || kept.includes(running) ? kept : [running, ...kept.slice(1)];
}

/** What runs is the version that stands again. */
function withoutNewest({ proposals, deployment }: Site): readonly Proposal[] {
  const running = proposals.findLastIndex(({ digest }) => digest === deployment?.digest);
  return running === -1 ? proposals : proposals.slice(0, running + 1);
}
