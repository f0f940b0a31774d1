/** The end of a federation: everybody for the own zone, training sites first, the coordinator last. */
import type { OnFederation, OnSite } from "../model/commands.ts";
import { type Decision, decided, NOTHING, refuse } from "../model/decision.ts";
import type { FederationEvent } from "../model/events.ts";
import { type CardId, type Person, samePerson, type ZoneName } from "../model/identity.ts";
import type { DecisionContext } from "../model/policy.ts";
import type { RefusalCode } from "../model/reasons.ts";
import { coordinatorOf, type Federation, isEmpty, trainingSitesOf } from "../model/state.ts";
import { siteOfCard } from "./approval.ts";
import { isOwner } from "./consent.ts";
import { revocations } from "./revocations.ts";

/** The requester or any owner asks; every owner then decides about its own zone. */
export function askTeardown(federation: Federation, context: DecisionContext, { by }: OnFederation): Decision {
  const concerned =
    samePerson(by, federation.requester) || [...federation.sites.keys()].some((name) => isOwner(context, name, by));
  if (!concerned) return refuse("not-visible");
  if (federation.ended !== null) return refuse("federation-ended");
  if (federation.teardown !== null) return NOTHING;
  return decided({ type: "teardown-asked", by, because: "asked", cards: cardsFor(federation, context) });
}

/**
 * Whoever asked takes the wish back while the coordinator runs; once its owners have said that it stops, they alone can.
 * Sites whose owners have agreed are gone all the same.
 */
export function withdrawTeardown(federation: Federation, context: DecisionContext, { by }: OnFederation): Decision {
  if (federation.ended !== null) return refuse("federation-ended");
  if (federation.teardown === null) return refuse("teardown-not-asked");
  const refusal = whyNotWithdrawn(federation, context, by);
  if (refusal !== null) return refuse(refusal);
  const left = trainingSitesOf(federation)
    .filter(
      ({ teardown, approvalState }) => teardown !== null && teardown.agreedBy !== null && approvalState !== "excluded",
    )
    .map(({ name }): FederationEvent => ({ type: "site-excluded", site: name, cause: "retired" }));
  return decided({ type: "teardown-withdrawn", by }, ...left);
}

function whyNotWithdrawn(federation: Federation, context: DecisionContext, by: Person): RefusalCode | null {
  const coordinator = coordinatorOf(federation);
  if (coordinator.deployment === null) return "coordinator-removed";
  if (federation.stopAnnounced !== null) return isOwner(context, coordinator.name, by) ? null : "stop-announced";
  if (federation.teardown?.because === "run-out") return "run-out";
  const askedBy = federation.teardown?.askedBy ?? null;
  return askedBy !== null && samePerson(askedBy, by) ? null : "not-the-asker";
}

/** What follows from a coordinator that was written off: without it nothing of the federation can go on. */
export function teardownByOperator(
  federation: Federation,
  gone: ZoneName,
  context: DecisionContext,
): readonly FederationEvent[] {
  if (federation.teardown !== null) return [];
  return [{ type: "teardown-asked", by: null, because: "written-off", cards: cardsFor(federation, context, gone) }];
}

/** Nobody said in time that the coordinator goes on: training sites end at once, the coordinator after them. */
export function teardownWithoutAnswer(federation: Federation, context: DecisionContext): readonly FederationEvent[] {
  const running = trainingSitesOf(federation).filter(({ deployment }) => deployment !== null);
  return [
    { type: "teardown-asked", by: null, because: "run-out", cards: cardsFor(federation, context) },
    ...running.flatMap(({ name }): readonly FederationEvent[] => [
      ...revocations(federation, name),
      { type: "site-stopped", site: name },
    ]),
  ];
}

function cardsFor(federation: Federation, context: DecisionContext, except?: ZoneName): Record<string, CardId> {
  const cards: Record<string, CardId> = {};
  for (const { name, zone, deployment } of federation.sites.values()) {
    if (deployment !== null && zone !== except) cards[name] = context.newCard();
  }
  return cards;
}

/** An owner agrees for its own zone. A training site ends at once, the coordinator after the last of them. */
export function agreeTeardown(federation: Federation, context: DecisionContext, { card, by }: OnSite): Decision {
  const site = siteOfCard(federation, card);
  if (site === null) return refuse("unknown-card");
  if (!isOwner(context, site.name, by)) return refuse("not-an-owner");
  if (site.teardown === null) return refuse("teardown-not-asked");
  if (site.teardown.agreedBy !== null) return NOTHING;
  const agreed: FederationEvent = { type: "teardown-agreed", site: site.name, by };
  return site.role === "coordinator"
    ? decided(agreed)
    : decided(...revocations(federation, site.name), agreed, { type: "site-stopped", site: site.name });
}

/** The coordinator's owner need not wait for the others: they are warned, and it stops a while later. */
export function stopCoordinatorSoon(federation: Federation, context: DecisionContext, { card, by }: OnSite): Decision {
  const site = siteOfCard(federation, card);
  if (site === null || site.role !== "coordinator") return refuse("unknown-card");
  if (!isOwner(context, site.name, by)) return refuse("not-an-owner");
  if (site.teardown === null) return refuse("teardown-not-asked");
  if (site.deployment === null) return refuse("nothing-runs");
  if (federation.stopAnnounced !== null) return NOTHING;
  const stopsAt = new Date(Date.parse(context.now) + context.policy.durations.warning).toISOString();
  return decided({ type: "stop-announced", site: site.name, by, stopsAt });
}

/** What follows by itself once everybody who had to agree has: the coordinator stops, the federation ends. */
export function concludeTeardown(federation: Federation, context: DecisionContext): Decision {
  if (federation.teardown === null || federation.ended !== null) return NOTHING;
  if ([...federation.sites.values()].every(isEmpty)) {
    return decided({ type: "federation-ended", cause: "torn-down", by: federation.teardown.askedBy });
  }
  const coordinator = coordinatorOf(federation);
  if (coordinator.deployment === null) return NOTHING;
  const agreed =
    federation.teardown.because === "run-out" ||
    (coordinator.teardown !== null && coordinator.teardown.agreedBy !== null);
  const announced = federation.stopAnnounced !== null && federation.stopAnnounced <= context.now;
  const othersGone = trainingSitesOf(federation).every(isEmpty);
  return (agreed && othersGone) || announced ? decided({ type: "site-stopped", site: coordinator.name }) : NOTHING;
}
