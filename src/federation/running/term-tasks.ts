/** What a federation's last day makes due, by the clock alone. */
import { askMoment, concludeTerm, hasBegun, noticeMoment, silentSites } from "../deciding/term.ts";
import type { SiteName } from "../model/identity.ts";
import type { DecisionContext } from "../model/policy.ts";
import { type Federation, openGoOn } from "../model/state.ts";
import type { Term } from "../model/term.ts";

export type TermTask =
  | { readonly kind: "tell-end-near" | "ask-to-go-on" | "conclude-term" }
  | { readonly kind: "remind-go-on"; readonly site: SiteName };

/** Of a federation that has not ended. */
export function termTasks(federation: Federation, context: DecisionContext): readonly TermTask[] {
  const { term } = federation;
  if (term === null || federation.teardown !== null) return [];
  return term.question === null ? tasksBefore(federation, term, context) : tasksWhileAsked(federation, context);
}

function tasksBefore(federation: Federation, term: Term, context: DecisionContext): readonly TermTask[] {
  const now = Date.parse(context.now);
  if (now >= askMoment(federation, term, context)) return [{ kind: "ask-to-go-on" }];
  return now >= noticeMoment(term, context) && hasBegun(federation) && !term.reminded
    ? [{ kind: "tell-end-near" }]
    : [];
}

function tasksWhileAsked(federation: Federation, context: DecisionContext): readonly TermTask[] {
  const conclusion = concludeTerm(federation, context);
  if (conclusion.ok && conclusion.events.length > 0) return [{ kind: "conclude-term" }];
  const due = reminderMoment(federation);
  if (due === null || Date.parse(context.now) < due) return [];
  return silentSites(federation)
    .filter((site) => openGoOn(site)?.reminded === false)
    .map(({ name }) => ({ kind: "remind-go-on", site: name }));
}

/** Half of the time to answer is over. */
function reminderMoment({ term }: Federation): number | null {
  const question = term?.question ?? null;
  if (question === null) return null;
  const [from, to] = [Date.parse(question.askedAt), Date.parse(question.answerBy)];
  return from + (to - from) / 2;
}

/** When the clock alone makes something of this due, in milliseconds since 1970. */
export function termWakes(federation: Federation, context: DecisionContext): readonly number[] {
  const { term, teardown } = federation;
  if (term === null || teardown !== null) return [];
  if (term.question === null) return [noticeMoment(term, context), askMoment(federation, term, context)];
  const reminder = reminderMoment(federation);
  return [...(reminder === null ? [] : [reminder]), Date.parse(term.question.answerBy)];
}
