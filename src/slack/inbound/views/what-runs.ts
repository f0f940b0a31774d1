/** Opens what would run in a zone, for its owners only. */
import type { App } from "@slack/bolt";
import { isOwner } from "../../../federation/deciding/consent.ts";
import { whatRuns } from "../../blocks/modals/what-runs.ts";
import { ACTION } from "../../names.ts";
import { type Bot, findCard, refusalText } from "../bot.ts";
import { type Answer, onClick } from "../listeners.ts";
import type { Click } from "../payloads.ts";

export function register(app: App, bot: Bot): void {
  onClick(app, bot, ACTION.seeWhatRuns, (click) => open(bot, click));
}

async function open(bot: Bot, { value, person, triggerId }: Click): Promise<Answer> {
  const found = findCard(bot, value);
  if (found === null) return refusalText("unknown-card");
  const { federation, site, card } = found;
  if (!isOwner(bot.configuration.zones.get(site.zone), person)) return refusalText("not-an-owner");
  const proposal = site.proposals.find((candidate) => candidate.card === card);
  if (proposal === undefined) return refusalText("unknown-card");
  await bot.slack.views.open({
    trigger_id: triggerId,
    view: whatRuns(federation, site, proposal, bot.configuration.manifests),
  });
  return null;
}
