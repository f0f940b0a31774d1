/** Clicks by which owners decide about their own zone. Who may is looked up when the click arrives. */
import type { OnSite } from "../../../federation/model/commands.ts";
import type { ConsentKind } from "../../../federation/model/events.ts";
import { parseCardValue } from "../../card-value.ts";
import { ACTION } from "../../names.ts";
import { answerTo, type Bot, decideOnCard } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { type Answer, onClick } from "../listeners.ts";
import type { Click } from "../payloads.ts";

export function register(dispatcher: Dispatcher, bot: Bot): void {
  onClick(dispatcher, bot, ACTION.approve, (click) => approve(bot, click, "run"));
  onClick(dispatcher, bot, ACTION.admit, (click) => approve(bot, click, "admit"));
  onClick(dispatcher, bot, ACTION.withdraw, (click) => withdraw(bot, click, "run"));
  onClick(dispatcher, bot, ACTION.withdrawAdmission, (click) => withdraw(bot, click, "admit"));
  onClick(dispatcher, bot, ACTION.retry, (click) => onSite(bot, click, "retry"));
  onClick(dispatcher, bot, ACTION.reboot, (click) => onSite(bot, click, "reboot"));
  onClick(dispatcher, bot, ACTION.rotateTunnelKeys, (click) => onSite(bot, click, "rotate-tunnel-keys"));
  onClick(dispatcher, bot, ACTION.retire, (click) => onSite(bot, click, "retire"));
  onClick(dispatcher, bot, ACTION.agreeTeardown, (click) => onSite(bot, click, "agree-teardown"));
  onClick(dispatcher, bot, ACTION.goOn, (click) => onSite(bot, click, "go-on"));
  onClick(dispatcher, bot, ACTION.stopSoon, (click) => onSite(bot, click, "stop-coordinator"));
}

async function approve(bot: Bot, { person: by, key, value }: Click, consent: ConsentKind): Promise<Answer> {
  const decision = await decideOnCard(bot, value, (card) => ({ kind: "approve", consent, card, by, key }));
  const about = parseCardValue(value);
  if (decision.ok && about !== null) bot.zoneChecks.recheckAddress(about.federation);
  return answerTo(decision);
}

const withdraw = async (bot: Bot, { person: by, key, value }: Click, consent: ConsentKind): Promise<Answer> =>
  answerTo(await decideOnCard(bot, value, (card) => ({ kind: "withdraw", consent, card, by, key })));

const onSite = async (bot: Bot, { person: by, key, value }: Click, kind: OnSite["kind"]): Promise<Answer> =>
  answerTo(await decideOnCard(bot, value, (card) => ({ kind, card, by, key })));
