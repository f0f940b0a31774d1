/** The modal in which an owner says why not. */
import type { App } from "@slack/bolt";
import type { ModalView } from "@slack/types";
import { z } from "zod";
import { refuseConsent } from "../../federation/approval.ts";
import { type ConsentKind, consentKind } from "../../federation/events.ts";
import { cardId } from "../../federation/identity.ts";
import { REFUSALS } from "../../federation/reasons.ts";
import { type Bot, couldDecide, decideOnCard, refusalText } from "../bot.ts";
import { plain, section } from "../cards/blocks.ts";
import { type Answer, onClick, onSubmission } from "../handling.ts";
import { type Click, type Submission, typed } from "../interaction.ts";
import { ACTION, VIEW } from "../names.ts";
import { textInput } from "./inputs.ts";
import type { ModalAnswer } from "./modal.ts";

const REASON_BLOCK = "because";
const metadata = z.strictObject({ card: cardId, kind: consentKind });

export function register(app: App, bot: Bot): void {
  onClick(app, bot, ACTION.reject, (click) => open(bot, click, "run"));
  onClick(app, bot, ACTION.refuseAdmission, (click) => open(bot, click, "admit"));
  onSubmission(app, bot, VIEW.reject, (submission) => submit(bot, submission));
}

async function open(bot: Bot, { value, person, triggerId }: Click, kind: ConsentKind): Promise<Answer> {
  const decision = await couldDecide(bot, value, kind, person);
  if (!decision.ok) return refusalText(decision.refusal);
  await bot.slack.views.open({ trigger_id: triggerId, view: rejectForm(metadata.parse({ card: value, kind })) });
  return null;
}

function rejectForm(about: z.infer<typeof metadata>): ModalView {
  const what =
    about.kind === "run"
      ? "Nothing will run in your zone for this federation. One owner's rejection is enough."
      : "The new site is not admitted and is left out. One owner's refusal is enough.";
  return {
    type: "modal",
    callback_id: VIEW.reject,
    private_metadata: JSON.stringify(about),
    title: plain("Reject", 24),
    submit: plain("Reject", 24),
    close: plain("Go back", 24),
    blocks: [
      section(what),
      textInput(REASON_BLOCK, "Reason, shown to everybody in the federation's channel", "", {
        multiline: true,
        most: 500,
      }),
    ],
  };
}

async function submit(bot: Bot, { person: by, view }: Submission): Promise<ModalAnswer> {
  const { card: asked, kind } = metadata.parse(JSON.parse(view.privateMetadata));
  const because = typed(view.values, REASON_BLOCK).trim();
  if (because === "") return { kind: "mistakes", mistakes: { [REASON_BLOCK]: "Say in a few words why." } };
  const decision = await decideOnCard(bot, asked, (state, world, card) =>
    refuseConsent(state, world, { card, kind, by, decision: view.id, because }),
  );
  return decision.ok ? { kind: "done" } : { kind: "told", title: "Not possible", text: REFUSALS[decision.refusal] };
}
