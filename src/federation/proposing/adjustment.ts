/** An owner's own version of its site, within what its zone offers. */
import { approving, giveConsent, openProposal } from "../deciding/approval.ts";
import { wasAccepted, withRecord } from "../deciding/decide.ts";
import type { Adjust } from "../model/commands.ts";
import { type Decision, decided, NOTHING, type Refused, refuse } from "../model/decision.ts";
import type { Adjustment, FederationEvent, Reason } from "../model/events.ts";
import type { DecisionContext } from "../model/policy.ts";
import type { Federation, Site } from "../model/state.ts";
import { assess, comparableDigest, diskOf, isUsable, newestBindings, planOf, proposed } from "./plan-making.ts";
import { defaultTemplate } from "./preflight.ts";
import { redialled } from "./proposal.ts";
import { addressLost, chosenEndpoint, moveFrom } from "./superlink-endpoint.ts";

/** The zone cannot run that version. */
export interface Unusable {
  readonly ok: false;
  readonly problems: readonly Reason[];
}

/** Voids earlier votes on the site and is the owner's own vote. */
export function adjustProposal(federation: Federation, command: Adjust, context: DecisionContext): Decision | Unusable {
  if (wasAccepted(federation, command)) return NOTHING;
  const made = adjusted(federation, command, context);
  return "problems" in made ? made : withRecord(federation, command, made);
}

function adjusted(federation: Federation, command: Adjust, context: DecisionContext): Decision | Unusable {
  const { card, by, adjustment, survey } = command;
  // Only who runs the site may change it, whoever else has a say over it.
  const open = openProposal(federation, context, { card, by, consent: "run" });
  if (typeof open === "string") return refuse(open);
  const { site, proposal } = open;
  const forbidden = notOffered(federation, site, adjustment, context);
  if (forbidden !== null) return forbidden;
  const facts = assess(federation, site, survey, context, adjustment);
  if (!isUsable(facts)) return { ok: false, problems: facts };
  const moved = addressLost(federation, site, facts.network);
  const chosen = moved ? moveFrom(federation, facts.network, context) : chosenEndpoint(federation);
  if ("code" in chosen) return { ok: false, problems: [chosen] };
  const plan = planOf(federation, site, facts, chosen, context, newestBindings(federation, site, context));
  if (comparableDigest(plan, proposal.plan) === proposal.digest) {
    return giveConsent(federation, context, { kind: "approve", consent: "run", card, by, key: command.key });
  }
  const version = proposed(site, { plan, disk: diskOf(facts) }, context, { cause: "adjusted", by, adjustment });
  const { digest } = version;
  const consent: FederationEvent = { type: "consent-given", site: site.name, kind: "run", by, digest };
  const voted = approving(federation, context, site, version, consent);
  if (!voted.ok || !moved) return voted;
  return decided(
    { type: "endpoint-chosen", ...chosen },
    ...redialled(federation, site, chosen, context),
    ...voted.events,
  );
}

function notOffered(
  federation: Federation,
  site: Site,
  { template, network, superNodes }: Adjustment,
  context: DecisionContext,
): Refused | null {
  if (superNodes !== undefined && superNodes > site.wish.superNodes) return refuse("more-supernodes");
  const profile = context.sites.get(site.name);
  if (profile === undefined) return refuse("unknown-zone");
  const { alternatives } = profile;
  const templates = [defaultTemplate(profile, site.wish, federation.settings), ...alternatives.templates];
  const networks = [profile.network, ...alternatives.networks];
  const offered =
    (template === undefined || templates.includes(template)) && (network === undefined || networks.includes(network));
  return offered ? null : refuse("not-an-alternative");
}
