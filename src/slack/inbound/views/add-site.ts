/** The modal in which one more site is asked for. */
import { wasAccepted } from "../../../federation/deciding/decide.ts";
import { REFUSALS } from "../../../federation/model/reasons.ts";
import type { Federation } from "../../../federation/model/state.ts";
import { addSiteForm, readSiteForm } from "../../blocks/modals/add-site-form.ts";
import type { ModalAnswer } from "../../blocks/modals/modal.ts";
import { VIEW } from "../../names.ts";
import { type Bot, decideOn, findFederation } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { onSubmission } from "../listeners.ts";
import type { Submission } from "../payloads.ts";
import { mayRequest } from "../requesting.ts";

export async function openAddSite(bot: Bot, federation: Federation, triggerId: string): Promise<void> {
  const view = addSiteForm(federation, { site: "", superNodes: "" }, bot.configuration.sites);
  await bot.slack.views.open({ trigger_id: triggerId, view });
}

export function register(dispatcher: Dispatcher, bot: Bot): void {
  onSubmission(dispatcher, bot, VIEW.addSite, {
    handle: (submission) => submit(bot, submission),
    whereElse: async ({ view }) => (await findFederation(bot, view.privateMetadata))?.homeChannel ?? null,
  });
}

async function submit(bot: Bot, { person: by, view }: Submission): Promise<ModalAnswer> {
  const federation = await findFederation(bot, view.privateMetadata);
  if (federation === null || !(await bot.membership.sees(by, federation))) return refused(REFUSALS["not-visible"]);
  if (!(await mayRequest(bot, by))) return refused(REFUSALS["not-a-requester"]);
  const read = readSiteForm(view.values, federation, bot.configuration.sites);
  // A repeated delivery finds the zone taken by the first one, and is answered by the same decision.
  if ("mistakes" in read && !wasAccepted(federation, { key: view.id }))
    return { kind: "mistakes", mistakes: read.mistakes };
  if ("mistakes" in read) return { kind: "done" };
  const decision = await decideOn(bot, federation.id, { kind: "request-site", wish: read.wish, by, key: view.id });
  return decision.ok ? { kind: "done" } : refused(REFUSALS[decision.refusal]);
}

const refused = (text: string): ModalAnswer => ({ kind: "told", title: "Not possible", text });
