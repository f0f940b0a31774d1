/** The modal in which one more site is asked for. */
import type { App } from "@slack/bolt";
import { requestSite } from "../../../federation/deciding/lifecycle.ts";
import { REFUSALS } from "../../../federation/model/reasons.ts";
import type { Federation } from "../../../federation/model/state.ts";
import { addSiteForm, readSiteForm } from "../../blocks/modals/add-site-form.ts";
import type { ModalAnswer } from "../../blocks/modals/modal.ts";
import { VIEW } from "../../names.ts";
import { type Bot, findFederation } from "../bot.ts";
import { onSubmission } from "../listeners.ts";
import type { Submission } from "../payloads.ts";
import { mayRequest } from "../requesting.ts";

export async function openAddSite(bot: Bot, federation: Federation, triggerId: string): Promise<void> {
  const view = addSiteForm(federation, { zone: "", superNodes: "" }, bot.configuration.zones);
  await bot.slack.views.open({ trigger_id: triggerId, view });
}

export function register(app: App, bot: Bot): void {
  onSubmission(app, bot, VIEW.addSite, (submission) => submit(bot, submission));
}

async function submit(bot: Bot, { person, view }: Submission): Promise<ModalAnswer> {
  const federation = findFederation(bot, view.privateMetadata);
  const [visible] = federation === null ? [] : await bot.membership.visibleTo(person, [federation]);
  if (visible === undefined) return refused(REFUSALS["not-visible"]);
  if (!(await mayRequest(bot, person))) return refused(REFUSALS["not-a-requester"]);
  const read = readSiteForm(view.values, visible, bot.configuration.zones);
  if ("mistakes" in read) return { kind: "mistakes", mistakes: read.mistakes };
  const decision = await bot.federations.update(visible.id, (state, context) =>
    requestSite(state, context, read.wish, person),
  );
  return decision.ok ? { kind: "done" } : refused(REFUSALS[decision.refusal]);
}

const refused = (text: string): ModalAnswer => ({ kind: "told", title: "Not possible", text });
