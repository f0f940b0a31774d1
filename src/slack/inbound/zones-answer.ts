/** `zones`, from the command and from a mention alike: a fresh look, shown to the person alone. */
import { sitesOf } from "../../federation/deciding/visibility.ts";
import type { Person, ZoneName } from "../../federation/model/identity.ts";
import { section } from "../blocks/elements.ts";
import { MARK } from "../blocks/marks.ts";
import { code } from "../blocks/mrkdwn.ts";
import type { Said } from "../blocks/status.ts";
import { zonesCards } from "../blocks/zones.ts";
import { abilitiesOf } from "./abilities.ts";
import type { Bot } from "./bot.ts";

const sentence = (text: string): Said => ({ text, blocks: [section(text)] });

export async function answerZones(bot: Bot, person: Person, say: (said: Said) => Promise<void>): Promise<void> {
  const own = new Set(sitesOf(person, bot.configuration).map(({ zone }) => zone));
  const shown = await zonesShownTo(bot, person, own);
  if (shown !== null && shown.size === 0) {
    const who = "Only those who may ask for a federation, and the owners of zones, can see zones.";
    const next = `If one is yours, send the bot's operator what ${code("@florist whoami")} shows.`;
    return await say(sentence(`${MARK.forbidden} ${who} ${next}`));
  }
  await say(sentence("Looking at the zones. The answer is shown here in a moment."));
  const looks = (await bot.zoneChecks.checkAll()).filter(({ zone }) => shown === null || shown.has(zone));
  for (const card of zonesCards(looks, bot.configuration.sites, own)) await say(card);
}

/**
 * null: all of them, for whoever may ask for a federation. An owner sees the own ones and, in the organisation that
 * installed the app, those that they work with.
 */
async function zonesShownTo(
  bot: Bot,
  person: Person,
  own: ReadonlySet<ZoneName>,
): Promise<ReadonlySet<ZoneName> | null> {
  const { command, mayRequest } = await abilitiesOf(bot, person);
  if (command === null) return own;
  if (mayRequest) return null;
  const together = [...own].flatMap((zone) => [...bot.federations.inZone(zone)]);
  return new Set([...own, ...together.flatMap(({ sites }) => [...sites.values()].map(({ zone }) => zone))]);
}
