/** Modals for a zone's owners only: what runs, and what others read in their zone's channel where there is none. */
import type { ModalView } from "@slack/types";
import { isOwner } from "../../../federation/deciding/consent.ts";
import { REASONS } from "../../../federation/model/reasons.ts";
import { currentProposal } from "../../../federation/model/state.ts";
import { conditionLines } from "../../blocks/conditions.ts";
import { connectionCard } from "../../blocks/connection.ts";
import { type Blocks, section, sections } from "../../blocks/elements.ts";
import { message } from "../../blocks/modals/modal.ts";
import { whatRuns } from "../../blocks/modals/what-runs.ts";
import { codeBlock, escaped, moment } from "../../blocks/mrkdwn.ts";
import { progressText, siteProgress } from "../../blocks/progress.ts";
import { ACTION } from "../../names.ts";
import { type Bot, findCard, type OnCard, refusalText, whyNotFound } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { type Answer, onClick } from "../listeners.ts";
import type { Click } from "../payloads.ts";

type ViewOf = (bot: Bot, found: OnCard) => ModalView | null;

export function register(dispatcher: Dispatcher, bot: Bot): void {
  onClick(dispatcher, bot, ACTION.seeWhatRuns, (click) => forOwner(bot, click, whatRunsNow));
  onClick(dispatcher, bot, ACTION.seeWhatIsAsked, (click) => forOwner(bot, click, whatIsAsked));
  onClick(dispatcher, bot, ACTION.seeDetail, (click) => forOwner(bot, click, details));
  onClick(dispatcher, bot, ACTION.seeConnection, (click) => forOwner(bot, click, connection));
}

async function forOwner(bot: Bot, { value, person, triggerId }: Click, viewOf: ViewOf): Promise<Answer> {
  const found = await findCard(bot, value);
  if (found === null) return refusalText(whyNotFound(bot, value));
  if (!isOwner(bot.configuration, found.site.name, person)) return refusalText("not-an-owner");
  const view = viewOf(bot, found);
  if (view === null) return refusalText("unknown-card");
  await bot.slack.views.open({ trigger_id: triggerId, view });
  return null;
}

/** What runs; what would run where nothing does. */
function whatRunsNow(bot: Bot, found: OnCard): ModalView | null {
  const { deployment } = found.site;
  if (deployment === null) return whatIsAsked(bot, found);
  return whatRuns(found.federation, found.site, deployment, bot.configuration.manifests);
}

function whatIsAsked(bot: Bot, { federation, site }: OnCard): ModalView | null {
  const proposal = currentProposal(site);
  if (proposal === null) return null;
  const { plan, digest } = proposal;
  return whatRuns(federation, site, { plan, digest }, bot.configuration.manifests);
}

function details(bot: Bot, { federation, site }: OnCard): ModalView {
  const failure = site.deployment?.failure ?? null;
  const problems = site.problems.map(({ code, detail }) => detailed(`*${escaped(REASONS[code])}*`, detail));
  const failed =
    failure === null
      ? []
      : detailed(`*${moment(failure.at)}* ${escaped(REASONS[failure.reason.code])}`, failure.reason.detail);
  return message("How this site stands", [
    section(progressText(siteProgress(federation, site, bot.configuration), 600)),
    ...failed,
    ...problems.flat(),
    ...sections(conditionLines(federation, site.name, bot.configuration)),
  ]);
}

const detailed = (head: string, detail: string): Blocks =>
  detail === "" ? [section(head)] : [section(head), section(codeBlock(detail, 2000))];

const connection = (_: Bot, { federation }: OnCard): ModalView =>
  message("How to start a run", connectionCard(federation, null).blocks);
