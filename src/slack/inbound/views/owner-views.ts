/** Modals for the owners of a zone without a channel: what others read in their zone's channel. */
import type { App } from "@slack/bolt";
import type { ModalView } from "@slack/types";
import { isOwner } from "../../../federation/deciding/consent.ts";
import { connectionCard } from "../../blocks/connection.ts";
import { section } from "../../blocks/elements.ts";
import { message } from "../../blocks/modals/modal.ts";
import { escaped, moment } from "../../blocks/mrkdwn.ts";
import { troublesOf } from "../../blocks/trouble.ts";
import { troubleDetail } from "../../blocks/trouble-card.ts";
import { ACTION } from "../../names.ts";
import { type Bot, findCard, type OnCard, refusalText } from "../bot.ts";
import { type Answer, onClick } from "../listeners.ts";
import type { Click } from "../payloads.ts";

export function register(app: App, bot: Bot): void {
  onClick(app, bot, ACTION.seeDetail, (click) => forOwner(bot, click, details));
  onClick(app, bot, ACTION.seeConnection, (click) => forOwner(bot, click, connection));
}

async function forOwner(
  bot: Bot,
  { value, person, triggerId }: Click,
  viewOf: (found: OnCard) => ModalView,
): Promise<Answer> {
  const found = findCard(bot, value);
  if (found === null) return refusalText("unknown-card");
  if (!isOwner(bot.configuration.zones.get(found.site.zone), person)) return refusalText("not-an-owner");
  await bot.slack.views.open({ trigger_id: triggerId, view: viewOf(found) });
  return null;
}

/** The newest troubles first. */
function details({ federation, site }: OnCard): ModalView {
  const troubles = troublesOf(federation).filter(({ zone }) => zone === site.zone);
  const blocks = troubles
    .slice(-10)
    .reverse()
    .flatMap((trouble) => [section(`*${moment(trouble.at)}* ${escaped(trouble.sentence)}`), ...troubleDetail(trouble)]);
  return message("What went wrong", blocks.length === 0 ? [section("Nothing went wrong.")] : blocks);
}

const connection = ({ federation }: OnCard): ModalView =>
  message("How to start a run", connectionCard(federation).blocks);
