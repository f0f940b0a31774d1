/** The modal in which an owner gives the key of the zone's own router. */
import { isOwner } from "../../../federation/deciding/consent.ts";
import { REFUSALS } from "../../../federation/model/reasons.ts";
import type { ModalAnswer } from "../../blocks/modals/modal.ts";
import { readRouterForm, routerForm, takenKey } from "../../blocks/modals/router-form.ts";
import { parseCardValue } from "../../card-value.ts";
import { ACTION, VIEW } from "../../names.ts";
import { type Bot, channelOfCard, decideOn, findCard, refusalText, whyNotFound } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { type Answer, onClick, onSubmission } from "../listeners.ts";
import type { Click, Submission } from "../payloads.ts";

export function register(dispatcher: Dispatcher, bot: Bot): void {
  onClick(dispatcher, bot, ACTION.giveRouterKey, (click) => open(bot, click));
  onSubmission(dispatcher, bot, VIEW.routerKey, {
    handle: (submission) => submit(bot, submission),
    whereElse: async ({ view }) => channelOfCard(bot, await findCard(bot, view.privateMetadata)),
  });
}

async function open(bot: Bot, { value, person: by, triggerId }: Click): Promise<Answer> {
  const found = await findCard(bot, value);
  if (found === null) return refusalText(whyNotFound(bot, value));
  if (!isOwner(bot.configuration, found.site.name, by)) return refusalText("not-an-owner");
  await bot.slack.views.open({ trigger_id: triggerId, view: routerForm(value) });
  return null;
}

async function submit(bot: Bot, { person: by, view }: Submission): Promise<ModalAnswer> {
  const about = parseCardValue(view.privateMetadata);
  if (about === null) return told(REFUSALS["unknown-card"]);
  const read = readRouterForm(view.values);
  if ("mistakes" in read) return { kind: "mistakes", mistakes: read.mistakes };
  const { federation, card } = about;
  const { routerKey } = read;
  const decision = await decideOn(bot, federation, { kind: "give-router-key", card, by, key: view.id, routerKey });
  if (decision.ok) return { kind: "done" };
  const sentence = REFUSALS[decision.refusal];
  return decision.refusal === "router-key-taken" ? { kind: "mistakes", mistakes: takenKey(sentence) } : told(sentence);
}

const told = (text: string): ModalAnswer => ({ kind: "told", title: "Not possible", text });
