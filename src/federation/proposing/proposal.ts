/** From looks at zones to plans put before their owners, and again when a zone has changed. */
import { approving, type Ballot, giveConsent, openProposal, wasRecorded } from "../deciding/approval.ts";
import { type Decision, decided, NOTHING } from "../model/decision.ts";
import { canonical, digestOf } from "../model/digest.ts";
import type { Adjustment, EventOf, FederationEvent, Reason } from "../model/events.ts";
import type { Person, ZoneName } from "../model/identity.ts";
import type { SitePlan } from "../model/plan.ts";
import type { DecisionContext } from "../model/policy.ts";
import { type Refused, refuse } from "../model/reasons.ts";
import { coordinatorOf, currentProposal, type Federation, type Proposal, type Site } from "../model/state.ts";
import { manifestDigest } from "./manifest.ts";
import {
  type Choice,
  chooseFor,
  defaultTemplate,
  isTransient,
  judge,
  type Look,
  type UsableSurvey,
} from "./preflight.ts";
import { addressFor, addressLost, type ChosenEndpoint, chosenEndpoint, moveFrom } from "./superlink-endpoint.ts";

type Cause = EventOf<"site-planned">["cause"];

/** What a site's owner has chosen so far. */
const adjustmentOf = (site: Site): Adjustment =>
  site.standing === "planning" ? {} : (currentProposal(site)?.adjustment ?? {});

/** What to look at in a site's zone. */
export function choiceFor(
  federation: Federation,
  site: Site,
  context: DecisionContext,
  adjustment?: Adjustment,
): Choice | Reason {
  const profile = context.zones.get(site.zone);
  if (profile === undefined) return { code: "zone-unreachable", detail: `${site.zone} is not in the zones file` };
  return chooseFor(profile, site.wish, federation.settings, adjustment ?? adjustmentOf(site));
}

/** Plans for every site that has none, once all their zones were looked at; or everything that stands in the way. */
export function proposeSites(
  federation: Federation,
  looks: ReadonlyMap<ZoneName, Look>,
  context: DecisionContext,
): Decision {
  const waiting = [...federation.sites.values()].filter((site) => site.standing === "planning");
  const problems: SiteProblem[] = [];
  const usable = new Map<ZoneName, Usable>();
  for (const site of waiting) {
    const outcome = assess(federation, site, looks.get(site.zone), context, adjustmentOf(site));
    if (isUsable(outcome)) usable.set(site.zone, outcome);
    else problems.push(...outcome.map((reason) => ({ site: site.zone, ...reason })));
  }
  const coordinator = coordinatorOf(federation).zone;
  const settled = addressFor(federation, usable.get(coordinator)?.network, context);
  if (settled !== null && "code" in settled) problems.push({ site: coordinator, ...settled });
  if (problems.length > 0 || settled === null || "code" in settled) {
    return preflightFailed(
      federation,
      waiting.map((site) => site.zone),
      problems,
    );
  }
  const events: FederationEvent[] = federation.dialled === null ? [{ type: "address-settled", ...settled }] : [];
  for (const site of waiting) {
    const facts = usable.get(site.zone);
    if (facts !== undefined)
      events.push(planned(federation, site, facts, settled, context, { cause: "requested", by: null, adjustment: {} }));
  }
  return decided(...events);
}

/** Just before anything is created: the zone is looked at again, and what changed since the approval voids it. */
export function beginAttempt(federation: Federation, zone: ZoneName, look: Look, context: DecisionContext): Decision {
  const site = federation.sites.get(zone);
  const proposal = site === undefined ? null : currentProposal(site);
  if (site === undefined || proposal === null || site.standing !== "approved") return refuse("not-open");
  const facts = assess(federation, site, look, context, proposal.adjustment);
  if (!isUsable(facts))
    return preflightFailed(
      federation,
      [zone],
      facts.map((reason) => ({ site: zone, ...reason })),
    );
  if (addressLost(federation, site, facts.network)) return moveAddress(federation, site, facts, context);
  const event = planned(federation, site, facts, chosenEndpoint(federation), context, { cause: "zone-changed" });
  if (event.digest !== proposal.digest) return decided(event);
  return decided({ type: "attempt-started", site: zone, attempt: site.attempts + 1 });
}

/** Before the coordinator's first attempt: approvals of sites whose zone has changed since are void already. */
export function recheckApprovals(
  federation: Federation,
  looks: ReadonlyMap<ZoneName, Look>,
  context: DecisionContext,
): Decision {
  const changed = [...looks].flatMap(([zone, look]): FederationEvent[] => {
    const site = federation.sites.get(zone);
    const proposal = site === undefined ? null : currentProposal(site);
    if (site === undefined || proposal === null || site.standing !== "approved" || site.run !== null) return [];
    const facts = assess(federation, site, look, context, proposal.adjustment);
    // What else is wrong in the zone is told when its own turn comes.
    if (!isUsable(facts)) return [];
    const event = planned(federation, site, facts, chosenEndpoint(federation), context, { cause: "zone-changed" });
    return event.digest === proposal.digest ? [] : [event];
  });
  return decided(...changed);
}

/** After an approval: an address that somebody else has taken meanwhile is replaced, and owners are asked again. */
export function checkAddress(federation: Federation, look: Look, context: DecisionContext): Decision {
  const coordinator = coordinatorOf(federation);
  const proposal = currentProposal(coordinator);
  if (proposal === null || coordinator.attempts > 0 || federation.ended !== null) return decided();
  const facts = assess(federation, coordinator, look, context, proposal.adjustment);
  return isUsable(facts) && addressLost(federation, coordinator, facts.network)
    ? moveAddress(federation, coordinator, facts, context)
    : decided();
}

/** An owner's own version of its site: voids earlier votes on it and is the owner's own vote. */
export function adjustProposal(
  federation: Federation,
  context: DecisionContext,
  ballot: Ballot,
  adjustment: Adjustment,
  look: Look,
): Decision | { readonly ok: false; readonly problems: readonly Reason[] } {
  if (wasRecorded(federation, ballot.decision)) return NOTHING;
  // Only who runs the site may change it, whoever else has a say over it.
  const open = openProposal(federation, context, { ...ballot, kind: "run" });
  if (typeof open === "string") return refuse(open);
  const { site, proposal } = open;
  const forbidden = notOffered(federation, site, adjustment, context);
  if (forbidden !== null) return forbidden;
  const facts = assess(federation, site, look, context, adjustment);
  if (!isUsable(facts)) return { ok: false, problems: facts };
  const moved = addressLost(federation, site, facts.network);
  const settled = moved ? moveFrom(federation, facts.network, context) : chosenEndpoint(federation);
  if ("code" in settled) return { ok: false, problems: [settled] };
  const event = planned(federation, site, facts, settled, context, { cause: "adjusted", by: ballot.by, adjustment });
  if (event.digest === proposal.digest) return giveConsent(federation, context, ballot);
  const consent: FederationEvent = {
    type: "consent-given",
    site: site.zone,
    kind: "run",
    by: ballot.by,
    digest: event.digest,
    decision: ballot.decision,
  };
  const others = moved ? redialled(federation, site, settled, context) : [];
  const voted = approving(federation, context, site, event, consent);
  return voted.ok && moved ? decided({ type: "address-settled", ...settled }, ...others, ...voted.events) : voted;
}

function notOffered(
  federation: Federation,
  site: Site,
  adjustment: Adjustment,
  context: DecisionContext,
): Refused | null {
  const { template, network, superNodes } = adjustment;
  if (superNodes !== undefined && superNodes > site.wish.superNodes) return refuse("more-supernodes");
  const profile = context.zones.get(site.zone);
  if (profile === undefined) return refuse("unknown-zone");
  const { alternatives } = profile;
  const templates = [defaultTemplate(profile, site.wish, federation.settings), ...alternatives.templates];
  const networks = [profile.network, ...alternatives.networks];
  const offered =
    (template === undefined || templates.includes(template)) && (network === undefined || networks.includes(network));
  return offered ? null : refuse("not-an-alternative");
}

interface Usable extends UsableSurvey {
  readonly choice: Choice;
}
type SiteProblem = EventOf<"preflight-failed">["problems"][number];

const isUsable = (outcome: Usable | readonly Reason[]): outcome is Usable => "choice" in outcome;

function assess(
  federation: Federation,
  site: Site,
  look: Look | undefined,
  context: DecisionContext,
  adjustment: Adjustment,
): Usable | readonly Reason[] {
  const choice = choiceFor(federation, site, context, adjustment);
  if ("code" in choice) return [choice];
  if (look === undefined) return [{ code: "zone-unreachable", detail: site.zone }];
  if (!look.ok) return [look.reason];
  const judged = judge(look.survey, choice);
  return "template" in judged ? { ...judged, choice } : judged;
}

/** Told once: problems that are known already are not told again. Those of zones not looked at stay as they were. */
function preflightFailed(
  federation: Federation,
  looked: readonly ZoneName[],
  problems: readonly SiteProblem[],
): Decision {
  const known = (problem: SiteProblem): boolean =>
    federation.problems.some(({ site, code }) => site === problem.site && code === problem.code);
  const all = [...federation.problems.filter(({ site }) => !looked.includes(site)), ...problems];
  const same = all.length === federation.problems.length && all.every(known);
  return same ? decided() : decided({ type: "preflight-failed", problems: all });
}

/** Problems that need a person: whatever waits for them is not tried again until somebody asks. */
export const isBlocked = (federation: Federation, zone: ZoneName): boolean =>
  federation.problems.some((problem) => problem.site === zone && !isTransient(problem));

/** The address was lost to somebody else: another is picked and every owner is asked again. */
function moveAddress(federation: Federation, coordinator: Site, facts: Usable, context: DecisionContext): Decision {
  const { zone } = coordinator;
  const settled = moveFrom(federation, facts.network, context);
  if ("code" in settled) return preflightFailed(federation, [zone], [{ site: zone, ...settled }]);
  return decided(
    { type: "address-settled", ...settled },
    planned(federation, coordinator, facts, settled, context, { cause: "address-changed" }),
    ...redialled(federation, coordinator, settled, context),
  );
}

/** The other sites' plans with the new address and nothing else changed. */
function redialled(
  federation: Federation,
  except: Site,
  settled: ChosenEndpoint,
  context: DecisionContext,
): FederationEvent[] {
  if (canonical(settled.dialled) === canonical(federation.dialled)) return [];
  return [...federation.sites.values()].flatMap((site) => {
    const proposal = currentProposal(site);
    const open = site.standing === "asking" || site.standing === "approved";
    if (site.zone === except.zone || !open || proposal === null) return [];
    return [
      proposed(site, { ...proposal.plan, dialled: settled.dialled }, context, {
        ...proposal,
        cause: "address-changed",
      }),
    ];
  });
}

interface Origin {
  readonly cause: Cause;
  readonly by?: Person | null;
  readonly adjustment?: Adjustment;
}

function planned(
  federation: Federation,
  site: Site,
  facts: Usable,
  settled: ChosenEndpoint,
  context: DecisionContext,
  origin: Origin,
): EventOf<"site-planned"> {
  const { template, network, choice } = facts;
  const coordinator = site.role === "coordinator";
  const plan: SitePlan = {
    federation: federation.id,
    name: federation.name,
    zone: site.zone,
    role: site.role,
    vms: choice.vms,
    manifest: manifestDigest(site.role, template.id, context.manifests),
    agent: context.manifests.agent.sha256,
    template: {
      id: template.id,
      name: template.name,
      contentDigest: template.contentDigest,
      cpu: template.cpu,
      vcpu: template.vcpu,
      memory: template.memory,
      images: template.images.map(({ id, name, registeredAt }) => ({ id, name, registeredAt })),
      model: template.nic.model ?? null,
      securityGroups: template.nic.securityGroups ?? null,
    },
    network: { id: network.id, name: network.name, address: coordinator ? settled.address : null },
    dialled: settled.dialled,
    caFingerprint: federation.authority?.fingerprint ?? "",
    settings: federation.settings,
    sshKeys: coordinator ? (context.zones.get(site.zone)?.sshKeys ?? []) : [],
    nodeConfig: coordinator ? {} : choice.nodeConfig,
  };
  const previous: Partial<Proposal> = currentProposal(site) ?? {};
  return proposed(site, plan, context, { ...previous, ...origin });
}

function proposed(site: Site, plan: SitePlan, context: DecisionContext, origin: Origin): EventOf<"site-planned"> {
  return {
    type: "site-planned",
    site: site.zone,
    card: context.newCard(),
    plan,
    digest: digestOf(plan),
    cause: origin.cause,
    by: origin.by ?? null,
    adjustment: origin.adjustment ?? {},
    expiresAt: new Date(Date.parse(context.now) + context.policy.durations.approvalExpiry).toISOString(),
  };
}
