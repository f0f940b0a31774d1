/** The modal in which an owner says why not. */
import type { App } from "@slack/bolt";
import { refuseConsent } from "../../../federation/deciding/approval.ts";
import type { ConsentKind } from "../../../federation/model/events.ts";
import { REFUSALS } from "../../../federation/model/reasons.ts";
import type { ModalAnswer } from "../../blocks/modals/modal.ts";
import { REASON_BLOCK, rejectForm, rejectMetadata } from "../../blocks/modals/reject-form.ts";
import { typed } from "../../blocks/modals/state-values.ts";
import { ACTION, VIEW } from "../../names.ts";
import { type Bot, couldDecide, decideOnCard, refusalText } from "../bot.ts";
import { type Answer, onClick, onSubmission } from "../listeners.ts";
import type { Click, Submission } from "../payloads.ts";

export function register(app: App, bot: Bot): void {
  onClick(app, bot, ACTION.reject, (click) => open(bot, click, "run"));
  onClick(app, bot, ACTION.refuseAdmission, (click) => open(bot, click, "admit"));
  onSubmission(app, bot, VIEW.reject, (submission) => submit(bot, submission));
}

async function open(bot: Bot, { value, person, triggerId }: Click, kind: ConsentKind): Promise<Answer> {
  const decision = await couldDecide(bot, value, kind, person);
  if (!decision.ok) return refusalText(decision.refusal);
  await bot.slack.views.open({ trigger_id: triggerId, view: rejectForm(rejectMetadata.parse({ card: value, kind })) });
  return null;
}

async function submit(bot: Bot, { person: by, view }: Submission): Promise<ModalAnswer> {
  const { card: asked, kind } = rejectMetadata.parse(JSON.parse(view.privateMetadata));
  const because = typed(view.values, REASON_BLOCK).trim();
  if (because === "") return { kind: "mistakes", mistakes: { [REASON_BLOCK]: "Say in a few words why." } };
  const decision = await decideOnCard(bot, asked, (state, context, card) =>
    refuseConsent(state, context, { card, kind, by, decision: view.id, because }),
  );
  return decision.ok ? { kind: "done" } : { kind: "told", title: "Not possible", text: REFUSALS[decision.refusal] };
}
