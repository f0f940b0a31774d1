/** Clicks on the federation's card: what its requester and its members ask for. */

import type { OnFederation } from "../../../federation/model/commands.ts";
import { federationId } from "../../../federation/model/identity.ts";
import { isSettled } from "../../../federation/model/state.ts";
import { MARK } from "../../blocks/marks.ts";
import { ACTION } from "../../names.ts";
import { answerTo, type Bot, decideOn, findFederation, refusalText, whyNotFound } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { type Answer, onClick } from "../listeners.ts";
import type { Click } from "../payloads.ts";
import { mayRequest } from "../requesting.ts";
import { openAddSite } from "../views/add-site.ts";

export function register(dispatcher: Dispatcher, bot: Bot): void {
  onClick(dispatcher, bot, ACTION.cancel, (click) => onFederation(bot, click, "cancel"));
  onClick(dispatcher, bot, ACTION.checkAgain, (click) => onFederation(bot, click, "check-again"));
  onClick(dispatcher, bot, ACTION.askTeardown, (click) => onFederation(bot, click, "ask-teardown"));
  onClick(dispatcher, bot, ACTION.withdrawTeardown, (click) => onFederation(bot, click, "withdraw-teardown"));
  onClick(dispatcher, bot, ACTION.addSite, (click) => addSite(bot, click));
}

/** Whoever sees the card knows of the federation: only those of its zones and its requester may ask for its end. */
export const NOT_CONCERNED = `${MARK.forbidden} Only the person who asked for this federation and the owners of its sites can do that.`;

async function onFederation(bot: Bot, { person: by, key, value }: Click, kind: OnFederation["kind"]): Promise<Answer> {
  const id = federationId.safeParse(value);
  if (!id.success) return refusalText("unknown-card");
  const decision = await decideOn(bot, id.data, { kind, by, key });
  return !decision.ok && decision.refusal === "not-visible" ? NOT_CONCERNED : answerTo(decision);
}

async function addSite(bot: Bot, { person, value, triggerId }: Click): Promise<Answer> {
  const federation = await findFederation(bot, value);
  if (federation === null) return refusalText(whyNotFound(bot, value));
  if (isSettled(federation) || federation.ended !== null) return refusalText("federation-ended");
  if (!(await mayRequest(bot, person))) return refusalText("not-a-requester");
  await openAddSite(bot, federation, triggerId);
  return null;
}
