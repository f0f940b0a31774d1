/** State, event -> state. Total: it believes every event, because only `decide` makes them. */
import type { EventOf, FederationEvent, SiteWish } from "./events.ts";
import { evolveDeployment } from "./evolve-deployment.ts";
import type { Person } from "./identity.ts";
import { removing, withSite } from "./site-change.ts";
import type { Consent, Federation, Site } from "./state.ts";

export interface Recorded {
  readonly seq: number;
  readonly at: string;
  readonly event: FederationEvent;
}

/** Events that say nothing a person would want to be told; everything else enters the story. */
const QUIET: ReadonlySet<FederationEvent["type"]> = new Set<FederationEvent["type"]>([
  "message-posted",
  "message-updated",
  "message-given-up",
  "template-intended",
  "service-intended",
  "guests-verified",
  "admissions-delivered",
  "guest-told-admitted",
  "certificate-delivered",
]);

export function evolve(before: Federation | null, recorded: Recorded): Federation {
  const { event, seq, at } = recorded;
  if (before === null) {
    if (event.type !== "federation-requested") throw new Error(`A journal begins with a request, not ${event.type}.`);
    return { ...born(event, at), seq, story: [recorded] };
  }
  const after = apply(before, event, at);
  return { ...after, seq, story: QUIET.has(event.type) ? after.story : [...after.story, recorded] };
}

function born(event: EventOf<"federation-requested">, at: string): Federation {
  return {
    id: event.federation,
    name: event.name,
    homeChannel: event.homeChannel,
    requester: event.requester,
    requestedAt: at,
    settings: event.settings,
    addressWish: event.address,
    minimumTrainingSites: event.minimumTrainingSites,
    authority: null,
    authorityDestroyed: false,
    dialled: null,
    address: null,
    problems: [],
    sites: new Map(event.sites.map((wish) => [wish.zone, newSite(wish, event.requester, false)])),
    trustedAt: null,
    verifiedVm: null,
    nodes: [],
    keys: new Map(),
    admissions: null,
    teardownAskedBy: null,
    stopAnnounced: null,
    ended: null,
    messages: new Map(),
    givenUp: new Map(),
    story: [],
    seq: 0,
  };
}

function newSite(wish: SiteWish, requester: Person, joinedLater: boolean): Site {
  return {
    zone: wish.zone,
    role: wish.role,
    wish,
    requester,
    joinedLater,
    standing: "planning",
    leftOut: null,
    proposals: [],
    consents: [],
    refusal: null,
    reminded: false,
    run: null,
    attempts: 0,
    sequences: 0,
    removals: [],
    removed: [],
    status: null,
    online: 0,
    teardown: null,
  };
}

function apply(federation: Federation, event: FederationEvent, at: string): Federation {
  switch (event.type) {
    case "federation-requested":
      throw new Error("A federation is requested once.");
    case "site-requested":
      return {
        ...federation,
        sites: new Map(federation.sites).set(event.wish.zone, {
          ...newSite(event.wish, event.requester, true),
          ...kept(federation.sites.get(event.wish.zone)),
        }),
      };
    case "authority-created":
      return {
        ...federation,
        authority: { fingerprint: event.fingerprint, certificate: event.certificate, expiresAt: event.expiresAt },
      };
    case "authority-destroyed":
      return { ...federation, authorityDestroyed: true };
    case "preflight-failed":
      return { ...federation, problems: event.problems };
    case "preflight-asked-again":
      return { ...federation, problems: [] };
    case "address-settled":
      return { ...federation, dialled: event.dialled, address: event.address };
    case "federation-ended":
      return { ...federation, ended: { cause: event.cause, by: event.by, at } };
    case "teardown-asked":
      return askTeardown(federation, event);
    case "stop-announced":
      return { ...federation, stopAnnounced: event.stopsAt };
    case "nodes-seen":
      return { ...federation, nodes: event.nodes };
    case "message-posted":
      return {
        ...federation,
        messages: new Map(federation.messages).set(event.key, {
          channel: event.channel,
          ts: event.ts,
          content: event.content,
        }),
      };
    case "message-updated":
      return updateMessage(federation, event);
    case "message-given-up":
      return { ...federation, givenUp: new Map(federation.givenUp).set(event.key, event.because) };
    case "site-planned":
    case "site-left-out":
    case "site-retired":
      return withSite(
        { ...federation, problems: federation.problems.filter(({ site }) => site !== event.site) },
        event.site,
        (site) => evolveStanding(site, event, at),
      );
    case "consent-given":
    case "consent-refused":
    case "consent-withdrawn":
    case "site-approved":
    case "reminder-due":
    case "teardown-agreed":
    case "site-stopped":
      return withSite(federation, event.site, (site) => evolveStanding(site, event, at));
    default:
      return evolveDeployment(federation, event, at);
  }
}

/** What outlives a site that is asked for again: its counters, its past proposals and what is still to be removed. */
function kept(site: Site | undefined): Partial<Site> {
  if (site === undefined) return {};
  const { proposals, attempts, sequences, removals, removed } = site;
  return { proposals, attempts, sequences, removals, removed };
}

type StandingEvent = EventOf<
  | "site-planned"
  | "consent-given"
  | "consent-refused"
  | "consent-withdrawn"
  | "site-approved"
  | "site-left-out"
  | "site-retired"
  | "reminder-due"
  | "teardown-agreed"
  | "site-stopped"
>;

function evolveStanding(site: Site, event: StandingEvent, at: string): Site {
  switch (event.type) {
    case "site-planned": {
      const { card, plan, digest, cause, by, adjustment, expiresAt } = event;
      return {
        ...site,
        standing: "asking",
        leftOut: null,
        proposals: [...site.proposals, { card, plan, digest, cause, by, adjustment, askedAt: at, expiresAt }],
        consents: site.consents.filter((consent) => consent.digest === digest),
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
        standing: "asking",
        consents: site.consents.filter(
          ({ kind, by }) => kind !== event.kind || by.team !== event.by.team || by.user !== event.by.user,
        ),
      };
    case "site-approved":
      return { ...site, standing: "approved" };
    case "site-left-out":
      return { ...site, standing: "left-out", leftOut: event.cause };
    case "site-retired":
      return { ...removing(site, "retire", at), standing: "left-out", leftOut: "retired", status: null, online: 0 };
    case "reminder-due":
      return { ...site, reminded: true };
    case "teardown-agreed":
      return { ...site, teardown: site.teardown === null ? null : { ...site.teardown, agreedBy: event.by } };
    case "site-stopped":
      return { ...removing(site, "teardown", at), status: null, online: 0 };
  }
}

function consentOf(event: EventOf<"consent-given" | "consent-refused">, at: string): Consent {
  return { kind: event.kind, by: event.by, digest: event.digest, decision: event.decision, at };
}

function askTeardown(federation: Federation, event: EventOf<"teardown-asked">): Federation {
  let after: Federation = { ...federation, teardownAskedBy: event.by };
  for (const [zone, card] of Object.entries(event.cards)) {
    const site = [...federation.sites.values()].find((candidate) => candidate.zone === zone);
    if (site !== undefined) {
      after = withSite(after, site.zone, (before) => ({ ...before, teardown: { card, agreedBy: null } }));
    }
  }
  return after;
}

function updateMessage(federation: Federation, event: EventOf<"message-updated">): Federation {
  const posted = federation.messages.get(event.key);
  if (posted === undefined) return federation;
  const messages = new Map(federation.messages).set(event.key, { ...posted, content: event.content });
  return { ...federation, messages };
}
