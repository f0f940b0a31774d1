/** State, event -> state. Total: it believes every event, because only `decide` and looks make them. */
import type { Condition } from "./conditions.ts";
import { conditionKey } from "./conditions.ts";
import type { EventOf, FederationEvent, SiteWish } from "./events.ts";
import { type DeploymentEvent, evolveDeployment } from "./evolve-deployment.ts";
import { evolveSite } from "./evolve-site.ts";
import { evolveTerm, withoutQuestion } from "./evolve-term.ts";
import { type Person, zoneOf } from "./identity.ts";
import { withoutConditions, withSite } from "./site-change.ts";
import { type Federation, type Site, trainingSitesOf } from "./state.ts";
import { withTimeline } from "./timeline.ts";

export interface Recorded {
  readonly seq: number;
  readonly at: string;
  readonly event: FederationEvent;
}

/** Slack repeats a delivery within the hour; far more commands than come in one are remembered. */
const REMEMBERED_COMMANDS = 300;

export function evolve(before: Federation | null, recorded: Recorded): Federation {
  const { event, seq } = recorded;
  if (before === null) {
    if (event.type !== "federation-requested") throw new Error(`A journal begins with a request, not ${event.type}.`);
    return withTimeline({ ...born(event, recorded.at), seq }, recorded);
  }
  return withTimeline(withReadiness({ ...apply(before, recorded), seq }, recorded), recorded);
}

/** What the state would be after these events; for decisions that look ahead. */
export const after = (federation: Federation, events: readonly FederationEvent[], at: string): Federation =>
  events.reduce((state, event) => evolve(state, { seq: state.seq + 1, at, event }), federation);

function born(event: EventOf<"federation-requested">, at: string): Federation {
  return {
    id: event.federation,
    name: event.name,
    homeChannel: event.homeChannel,
    requester: event.requester,
    requestedAt: at,
    settings: event.settings,
    crossing: event.crossing,
    minimumTrainingSites: event.minimumTrainingSites,
    purpose: event.purpose,
    issuer: event.issuer,
    term: event.until === null ? null : { until: event.until, reminded: false, question: null },
    authorities: [],
    authorityDestroyed: false,
    endpoint: null,
    address: null,
    tunnelRange: null,
    refusedAddresses: [],
    sites: new Map(event.sites.map((wish) => [wish.site, newSite(wish, event.requester, at, false)])),
    trustedAt: null,
    verifiedVm: null,
    keys: new Map(),
    tunnelKeys: new Map(),
    admissions: null,
    conditions: new Map(),
    teardown: null,
    stopAnnounced: null,
    ended: null,
    readyAt: null,
    commandKeys: [],
    refusals: new Set(),
    timeline: [],
    seq: 0,
  };
}

function newSite(wish: SiteWish, requester: Person, requestedAt: string, joinedLater: boolean): Site {
  return {
    name: wish.site,
    zone: zoneOf(wish.site),
    role: wish.role,
    wish,
    requester,
    requestedAt,
    joinedLater,
    approvalState: "planning",
    excluded: null,
    problems: [],
    proposals: [],
    consents: [],
    refusal: null,
    router: null,
    reminded: false,
    deployment: null,
    retryAskedBy: null,
    attempts: 0,
    sequences: 0,
    removals: [],
    removed: [],
    withdrawnTeardowns: [],
    teardown: null,
    goOns: [],
  };
}

function apply(federation: Federation, recorded: Recorded): Federation {
  const { event, at } = recorded;
  switch (event.type) {
    case "federation-requested":
      throw new Error("A federation is requested once.");
    case "site-requested":
      return {
        ...federation,
        sites: new Map(federation.sites).set(event.wish.site, {
          ...newSite(event.wish, event.requester, at, true),
          ...kept(federation.sites.get(event.wish.site)),
        }),
      };
    case "authority-created": {
      const { type: _, ...authority } = event;
      return { ...federation, authorities: [...federation.authorities, authority] };
    }
    case "authority-destroyed":
      return { ...federation, authorityDestroyed: true };
    case "command-accepted":
      return { ...federation, commandKeys: [...federation.commandKeys, event.key].slice(-REMEMBERED_COMMANDS) };
    case "command-refused":
      return { ...federation, refusals: new Set(federation.refusals).add(refusalKey(event)) };
    case "preflight-asked-again":
      return withEverySite(federation, (site) => ({ ...site, problems: [] }));
    case "endpoint-chosen":
      return { ...federation, endpoint: event.endpoint, address: event.address, tunnelRange: event.range };
    case "federation-ended":
      return { ...federation, ended: { cause: event.cause, by: event.by, at } };
    case "teardown-asked":
      return askTeardown(federation, event, at);
    case "teardown-withdrawn":
      return withdrawTeardown(federation);
    case "end-near":
    case "go-on-asked":
    case "term-extended":
      return evolveTerm(federation, event, at);
    case "stop-announced":
      return { ...federation, stopAnnounced: event.stopsAt };
    case "condition-raised":
    case "condition-changed":
    case "condition-cleared":
    case "condition-flapping":
      return evolveCondition(federation, recorded, event);
    case "preflight-failed":
    case "site-planned":
    case "consent-given":
    case "consent-refused":
    case "consent-withdrawn":
    case "site-approved":
    case "approval-lapsed":
    case "proposal-dropped":
    case "reminder-due":
    case "retry-asked":
    case "router-key-given":
    case "teardown-agreed":
    case "teardown-reminder-due":
    case "go-on-reminder-due":
    case "go-on-agreed":
      return withSite(federation, event.site, (site) => evolveSite(site, event, at));
    case "site-excluded":
    case "site-retired":
    case "site-written-off":
    case "site-stopped":
    case "site-run-out":
      return withoutConditions(
        withSite(federation, event.site, (site) => evolveSite(site, event, at)),
        event.site,
        true,
      );
    default:
      return evolveDeployment(federation, event satisfies DeploymentEvent, at);
  }
}

/** What outlives a site that is asked for again: its counters, its past proposals and what is still to be removed. */
function kept(site: Site | undefined): Partial<Site> {
  if (site === undefined) return {};
  const { proposals, attempts, sequences, removals, removed, withdrawnTeardowns, goOns } = site;
  return { proposals, attempts, sequences, removals, removed, withdrawnTeardowns, goOns };
}

const withEverySite = (federation: Federation, change: (site: Site) => Site): Federation => ({
  ...federation,
  sites: new Map([...federation.sites].map(([name, site]) => [name, change(site)])),
});

export const refusalKey = ({ by, kind }: Pick<EventOf<"command-refused">, "by" | "kind">): string =>
  `${by.team} ${by.user} ${kind}`;

function askTeardown(federation: Federation, event: EventOf<"teardown-asked">, at: string): Federation {
  const outcome = event.because === "run-out" ? "run-out" : "dropped";
  let state: Federation = {
    ...withoutQuestion(federation, outcome),
    teardown: { askedBy: event.by, because: event.because, askedAt: at },
  };
  for (const site of federation.sites.values()) {
    const card = event.cards[site.name];
    if (card === undefined) continue;
    state = withSite(state, site.name, (before) => ({
      ...before,
      teardown: { card, agreedBy: null, reminded: false },
    }));
  }
  return state;
}

/** Older ones are out of date for everybody; their cards say so. */
const MAX_WITHDRAWN = 10;

function withdrawTeardown(federation: Federation): Federation {
  const state = { ...federation, teardown: null, stopAnnounced: null };
  return withEverySite(state, (site) => {
    if (site.teardown === null) return site;
    const withdrawnTeardowns = [...site.withdrawnTeardowns, site.teardown.card].slice(-MAX_WITHDRAWN);
    return { ...site, teardown: null, withdrawnTeardowns };
  });
}

type ConditionEvent = EventOf<"condition-raised" | "condition-changed" | "condition-cleared" | "condition-flapping">;

function evolveCondition(federation: Federation, { seq, at }: Recorded, event: ConditionEvent): Federation {
  const key = conditionKey(event);
  const before = federation.conditions.get(key);
  const condition = conditionAfter(before, event, seq, at);
  if (condition === undefined) return federation;
  return { ...federation, conditions: new Map(federation.conditions).set(key, condition) };
}

function conditionAfter(
  before: Condition | undefined,
  event: ConditionEvent,
  seq: number,
  at: string,
): Condition | undefined {
  if (event.type === "condition-raised") {
    const { type: _, ...finding } = event;
    return { ...finding, count: 1, flapping: false, raised: true, clearedAt: null, raisedSeq: seq };
  }
  if (before === undefined) return undefined;
  switch (event.type) {
    case "condition-changed":
      return { ...before, vmIds: event.vmIds, extent: event.extent };
    case "condition-cleared":
      return { ...before, raised: false, flapping: false, clearedAt: at };
    case "condition-flapping":
      return {
        ...before,
        count: event.count,
        since: event.since,
        flapping: true,
        raised: true,
        clearedAt: null,
        raisedSeq: before.flapping ? before.raisedSeq : seq,
      };
  }
}

/** Ready for runs, once: as many training sites as wanted are up and none of them is known to be less. */
function withReadiness(federation: Federation, { event, at }: Recorded): Federation {
  if (federation.readyAt !== null || event.type !== "site-up") return federation;
  const up = trainingSitesOf(federation).filter(({ deployment }) => deployment !== null && deployment.upAt !== null);
  return up.length >= federation.minimumTrainingSites ? { ...federation, readyAt: at } : federation;
}
