/** Clicks by which owners decide about their own zone. Who may is looked up when the click arrives. */
import type { App } from "@slack/bolt";
import { giveConsent, siteOfCard, withdrawConsent } from "../../../federation/deciding/approval.ts";
import { agreeTeardown, retireSite, retrySite, stopCoordinatorSoon } from "../../../federation/deciding/lifecycle.ts";
import type { Decision } from "../../../federation/model/decision.ts";
import type { ConsentKind } from "../../../federation/model/events.ts";
import { refuse } from "../../../federation/model/reasons.ts";
import { ACTION } from "../../names.ts";
import { type Bot, decideOnCard, findCard, refusalText } from "../bot.ts";
import { type Answer, onClick } from "../listeners.ts";
import type { Click } from "../payloads.ts";

const answerTo = (decision: Decision): Answer => (decision.ok ? null : refusalText(decision.refusal));

export function register(app: App, bot: Bot): void {
  onClick(app, bot, ACTION.approve, (click) => consent(bot, click, "run"));
  onClick(app, bot, ACTION.admit, (click) => consent(bot, click, "admit"));
  onClick(app, bot, ACTION.withdraw, (click) => withdraw(bot, click, "run"));
  onClick(app, bot, ACTION.withdrawAdmission, (click) => withdraw(bot, click, "admit"));
  onClick(app, bot, ACTION.retry, (click) => onSite(bot, click, retrySite));
  onClick(app, bot, ACTION.retire, (click) => onSite(bot, click, retireSite));
  onClick(app, bot, ACTION.agreeTeardown, async ({ person: by, value, decision }) =>
    answerTo(
      await decideOnCard(bot, value, (state, context, card) => agreeTeardown(state, context, { card, by, decision })),
    ),
  );
  onClick(app, bot, ACTION.stopSoon, async ({ person, value }) =>
    answerTo(
      await decideOnCard(bot, value, (state, context, card) => stopCoordinatorSoon(state, context, card, person)),
    ),
  );
}

async function consent(bot: Bot, click: Click, kind: ConsentKind): Promise<Answer> {
  const { person: by, decision } = click;
  const decided = await decideOnCard(bot, click.value, (state, context, card) =>
    giveConsent(state, context, { card, kind, by, decision }),
  );
  const found = findCard(bot, click.value);
  if (decided.ok && found !== null) bot.zoneChecks.recheckAddress(found.federation.id);
  return answerTo(decided);
}

async function withdraw(bot: Bot, click: Click, kind: ConsentKind): Promise<Answer> {
  const { person: by, decision } = click;
  return answerTo(
    await decideOnCard(bot, click.value, (state, context, card) =>
      withdrawConsent(state, context, { card, kind, by, decision }),
    ),
  );
}

async function onSite(bot: Bot, { person, value }: Click, decide: typeof retrySite): Promise<Answer> {
  return answerTo(
    await decideOnCard(bot, value, (state, context, card) => {
      const site = siteOfCard(state, card);
      return site === null ? refuse("unknown-card") : decide(state, context, site.zone, person);
    }),
  );
}
