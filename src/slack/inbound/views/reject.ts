/** The modal in which an owner says why not. */
import type { ConsentKind } from "../../../federation/model/events.ts";
import { REFUSALS } from "../../../federation/model/reasons.ts";
import type { ModalAnswer } from "../../blocks/modals/modal.ts";
import { REASON_BLOCK, rejectForm, rejectMetadata } from "../../blocks/modals/reject-form.ts";
import { typed } from "../../blocks/modals/state-values.ts";
import { cardValue, parseCardValue } from "../../card-value.ts";
import { ACTION, VIEW } from "../../names.ts";
import { type Bot, channelOfCard, decideOn, findCard, refusalText, whyUndecidable } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { type Answer, onClick, onSubmission } from "../listeners.ts";
import type { Click, Submission } from "../payloads.ts";

export function register(dispatcher: Dispatcher, bot: Bot): void {
  onClick(dispatcher, bot, ACTION.reject, (click) => open(bot, click, "run"));
  onClick(dispatcher, bot, ACTION.refuseAdmission, (click) => open(bot, click, "admit"));
  onSubmission(dispatcher, bot, VIEW.reject, {
    handle: (submission) => submit(bot, submission),
    whereElse: async ({ view }) => {
      const { federation, card } = aboutOf(view);
      return channelOfCard(bot, await findCard(bot, cardValue(federation, card)));
    },
  });
}

async function open(bot: Bot, { value, person: by, triggerId }: Click, kind: ConsentKind): Promise<Answer> {
  const refusal = await whyUndecidable(bot, value, { consent: kind, by });
  const about = parseCardValue(value);
  if (refusal !== null || about === null) return refusalText(refusal ?? "unknown-card");
  await bot.slack.views.open({ trigger_id: triggerId, view: rejectForm({ ...about, kind }) });
  return null;
}

const aboutOf = ({ privateMetadata }: Submission["view"]) => rejectMetadata.parse(JSON.parse(privateMetadata));

async function submit(bot: Bot, { person: by, view }: Submission): Promise<ModalAnswer> {
  const { federation, card, kind: consent } = aboutOf(view);
  const because = typed(view.values, REASON_BLOCK).trim();
  if (because === "") return { kind: "mistakes", mistakes: { [REASON_BLOCK]: "Say in a few words why." } };
  const decision = await decideOn(bot, federation, { kind: "reject", consent, card, by, key: view.id, because });
  return decision.ok ? { kind: "done" } : { kind: "told", title: "Not possible", text: REFUSALS[decision.refusal] };
}
