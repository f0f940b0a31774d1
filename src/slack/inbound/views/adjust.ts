/** The modal in which an owner changes what would run in the own zone, and approves that. */
import { wasAccepted } from "../../../federation/deciding/decide.ts";
import { REASONS, REFUSALS } from "../../../federation/model/reasons.ts";
import { currentProposal } from "../../../federation/model/state.ts";
import { type Adjustable, adjustForm, readAdjustment } from "../../blocks/modals/adjust-form.ts";
import type { ModalAnswer } from "../../blocks/modals/modal.ts";
import { code } from "../../blocks/mrkdwn.ts";
import { ACTION, VIEW } from "../../names.ts";
import { type Bot, channelOfCard, findCard, refusalText, whyNotFound, whyUndecidable } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { type Answer, onClick, onSubmission } from "../listeners.ts";
import type { Click, Submission } from "../payloads.ts";

export function register(dispatcher: Dispatcher, bot: Bot): void {
  onClick(dispatcher, bot, ACTION.adjust, (click) => open(bot, click));
  onSubmission(dispatcher, bot, VIEW.adjust, {
    handle: (submission) => submit(bot, submission),
    whereElse: async ({ view }) => channelOfCard(bot, await findCard(bot, view.privateMetadata)),
  });
}

async function open(bot: Bot, { value, person: by, triggerId }: Click): Promise<Answer> {
  const refusal = await whyUndecidable(bot, value, { consent: "run", by });
  if (refusal !== null) return refusalText(refusal);
  const about = await adjustable(bot, value);
  if (about === null) return refusalText("unknown-card");
  await bot.slack.views.open({ trigger_id: triggerId, view: adjustForm(about) });
  return null;
}

async function adjustable(bot: Bot, value: string): Promise<Adjustable | null> {
  const found = await findCard(bot, value);
  if (found === null) return null;
  const proposal = currentProposal(found.site);
  const profile = bot.configuration.sites.get(found.site.name);
  if (proposal === null || profile === undefined) return null;
  return { federation: found.federation, site: found.site, proposal, profile };
}

async function submit(bot: Bot, { person: by, view }: Submission): Promise<ModalAnswer> {
  const about = await adjustable(bot, view.privateMetadata);
  if (about === null) return told(REFUSALS[whyNotFound(bot, view.privateMetadata)]);
  // The same submission, delivered again: it has been decided already.
  if (wasAccepted(about.federation, { key: view.id })) return { kind: "done" };
  const refusal = await whyUndecidable(bot, view.privateMetadata, { consent: "run", by });
  if (refusal !== null) return told(REFUSALS[refusal]);
  const read = readAdjustment(view.values, about);
  if ("mistakes" in read) return { kind: "mistakes", mistakes: read.mistakes };
  const outcome = await bot.zoneChecks.adjust({
    kind: "adjust",
    federation: about.federation.id,
    card: about.proposal.card,
    by,
    key: view.id,
    adjustment: read.adjustment,
  });
  if (outcome.ok) return { kind: "done" };
  if ("refusal" in outcome) return told(REFUSALS[outcome.refusal]);
  const problems = outcome.problems.map(({ code: reason, detail }) => `• ${REASONS[reason]} ${code(detail)}`);
  return told(`Your site cannot run this version:\n${problems.join("\n")}`);
}

const told = (text: string): ModalAnswer => ({ kind: "told", title: "Not possible", text });
