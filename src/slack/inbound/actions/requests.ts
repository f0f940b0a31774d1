/** Clicks on the federation's card: what its requester and its members ask for. */
import type { App } from "@slack/bolt";
import { askPreflightAgain, askTeardown, cancelRequest } from "../../../federation/deciding/lifecycle.ts";
import type { Decision } from "../../../federation/model/decision.ts";
import { REFUSALS } from "../../../federation/model/reasons.ts";
import { ACTION } from "../../names.ts";
import { type Bot, decideOnFederation, findFederation, refusalText } from "../bot.ts";
import { type Answer, onClick } from "../listeners.ts";
import type { Click } from "../payloads.ts";
import { mayRequest } from "../requesting.ts";
import { openAddSite } from "../views/add-site.ts";

const answerTo = (decision: Decision): Answer => (decision.ok ? null : refusalText(decision.refusal));

export function register(app: App, bot: Bot): void {
  onClick(app, bot, ACTION.cancel, async ({ person, value }) =>
    answerTo(await decideOnFederation(bot, value, (state) => cancelRequest(state, person))),
  );
  onClick(app, bot, ACTION.checkAgain, async ({ person, value }) =>
    answerTo(await decideOnFederation(bot, value, (state, context) => askPreflightAgain(state, context, person))),
  );
  onClick(app, bot, ACTION.askTeardown, async ({ person, value }) =>
    answerTo(await decideOnFederation(bot, value, (state, context) => askTeardown(state, context, person))),
  );
  onClick(app, bot, ACTION.addSite, (click) => addSite(bot, click));
}

async function addSite(bot: Bot, { person, value, triggerId }: Click): Promise<Answer> {
  const federation = findFederation(bot, value);
  if (federation === null) return refusalText("unknown-card");
  if (!(await mayRequest(bot, person))) return `:no_entry: ${REFUSALS["not-a-requester"]}`;
  await openAddSite(bot, federation, triggerId);
  return null;
}
