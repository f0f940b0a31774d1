/** A federation's last day: whoever says so goes on after it, and whoever does not answer is taken down. */
import type { OnSite } from "../model/commands.ts";
import { type Decision, decided, NOTHING, refuse } from "../model/decision.ts";
import type { FederationEvent } from "../model/events.ts";
import type { CardId } from "../model/identity.ts";
import type { DecisionContext } from "../model/policy.ts";
import { coordinatorOf, type Federation, openGoOn, type Site } from "../model/state.ts";
import { DAY_MS, dayOf, endOf, type Term } from "../model/term.ts";
import { siteOfCard } from "./approval.ts";
import { isOwner } from "./consent.ts";
import { revocations } from "./revocations.ts";
import { teardownWithoutAnswer } from "./teardown.ts";

/** Something of it was created, so its end is a matter of the owners. */
export const hasBegun = (federation: Federation): boolean =>
  [...federation.sites.values()].some(({ attempts }) => attempts > 0);

/** When a federation's owners are asked whether it goes on; before anything was created nobody is, and it ends. */
export function askMoment(
  federation: Federation,
  { until }: Term,
  { policy }: Pick<DecisionContext, "policy">,
): number {
  return endOf(until) - (hasBegun(federation) ? policy.durations.endAnswer : 0);
}

/** When it is told that the last day is near. */
export function noticeMoment({ until }: Term, { policy }: Pick<DecisionContext, "policy">): number {
  return endOf(until) - policy.durations.endNotice;
}

/** It runs, or its owners have said that it is to. */
const takesPart = ({ role, deployment, approvalState }: Site): boolean =>
  role === "coordinator" || approvalState === "approved" || (deployment !== null && approvalState !== "excluded");

/** The question for each site that takes part; or the end of what never ran. */
export function askToGoOn(federation: Federation, context: DecisionContext): Decision {
  const { term } = federation;
  if (term === null || term.question !== null) return NOTHING;
  if (!hasBegun(federation)) return decided({ type: "federation-ended", cause: "run-out", by: null });
  const cards: Record<string, CardId> = {};
  for (const site of federation.sites.values()) if (takesPart(site)) cards[site.name] = context.newCard();
  const { endAnswer, endExtension } = context.policy.durations;
  const now = Date.parse(context.now);
  const end = endOf(term.until);
  // Asked late, because the bot was not there: nobody is taken down without a day to answer.
  const answerBy = new Date(Math.max(end, now + Math.min(endAnswer, DAY_MS))).toISOString();
  const until = dayOf(Math.max(end, now) - 1 + Math.max(endExtension, DAY_MS));
  return decided({ type: "go-on-asked", cards, until, answerBy });
}

/** An owner says that the own site goes on; when nobody's answer is missing, the federation does. */
export function goOn(federation: Federation, context: DecisionContext, { card, by }: OnSite): Decision {
  const site = siteOfCard(federation, card);
  if (site === null) return refuse("unknown-card");
  if (!isOwner(context, site.name, by)) return refuse("not-an-owner");
  if (federation.ended !== null) return refuse("federation-ended");
  const open = openGoOn(site);
  if (open === null || open.card !== card || site.approvalState === "excluded") return refuse("go-on-over");
  return open.agreedBy === null ? decided({ type: "go-on-agreed", site: site.name, by }) : NOTHING;
}

/** Sites whose owners' answer counts and is missing. */
export const silentSites = (federation: Federation): readonly Site[] =>
  [...federation.sites.values()].filter((site) => takesPart(site) && openGoOn(site)?.agreedBy === null);

/** What follows once all have answered, or the time to answer is over. Without its coordinator nothing goes on. */
export function concludeTerm(federation: Federation, context: DecisionContext): Decision {
  const question = federation.term?.question ?? null;
  if (question === null || federation.teardown !== null || federation.ended !== null) return NOTHING;
  const silent = silentSites(federation);
  const extended: FederationEvent = { type: "term-extended", until: question.until };
  if (silent.length === 0) return decided(extended);
  if (context.now < question.answerBy) return NOTHING;
  if (silent.includes(coordinatorOf(federation))) return decided(...teardownWithoutAnswer(federation, context));
  return decided(...silent.flatMap((site) => runOut(federation, site)), extended);
}

const runOut = (federation: Federation, { name }: Site): readonly FederationEvent[] => [
  ...revocations(federation, name),
  { type: "site-run-out", site: name },
];
