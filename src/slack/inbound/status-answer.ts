/** `status`, from the command and from a mention alike. */
import { sitesOf } from "../../federation/deciding/visibility.ts";
import type { Person } from "../../federation/model/identity.ts";
import { samePerson } from "../../federation/model/identity.ts";
import type { RefusalCode } from "../../federation/model/reasons.ts";
import { currentProposal, type Federation, newestFirst } from "../../federation/model/state.ts";
import { context, section } from "../blocks/elements.ts";
import { code, listed } from "../blocks/mrkdwn.ts";
import { isAsked } from "../blocks/site-card.ts";
import { overview, type Said, statusAnswer } from "../blocks/status.ts";
import { siteCardKey } from "../keys.ts";
import { CARD_KEY } from "../message.ts";
import { type Bot, refusalText } from "./bot.ts";
import type { Seen } from "./membership.ts";
import { nearest } from "./nearest.ts";

/** Past federations of one name that are looked into. */
const MOST_OF_A_NAME = 5;

/** @param ask what asks for a federation where the person typed; null where nothing does */
export async function answerStatus(
  bot: Bot,
  person: Person,
  name: string | undefined,
  ask: string | null,
): Promise<Said> {
  if (name === undefined) {
    const { federations, isComplete } = await federationsSeenBy(bot, person);
    return overview(federations, ask, isComplete);
  }
  const federation = await seenNamed(bot, person, name);
  if (typeof federation !== "string") {
    return withLinks(bot, federation, statusAnswer(federation, bot.configuration, bot.tunnelStates(federation)));
  }
  const text = federation === "not-visible" ? await unknownName(bot, person, name) : refusalText(federation);
  return { text, blocks: [section(text)] };
}

/** Cards of sites that are linked to, beside the federation's own. */
const MOST_LINKED = 10;

/** The way to the federation's card, and to those on which owners are to decide. */
function withLinks({ addressOf }: Bot, federation: Federation, said: Said): Said {
  const asked = [...federation.sites.values()].flatMap((site) => {
    const proposal = currentProposal(site);
    if (proposal === null || !isAsked(federation, site)) return [];
    return [[siteCardKey(site.name, proposal.card), `what ${site.name} is asked`] as const];
  });
  const links = [[CARD_KEY, "its card and thread"] as const, ...asked.slice(0, MOST_LINKED)].flatMap(([key, label]) => {
    const address = addressOf(federation.id, key);
    return address === null ? [] : [`<${address}|${label}>`];
  });
  return links.length === 0 ? said : { ...said, blocks: [...said.blocks, context(`In Slack: ${links.join(", ")}`)] };
}

/** Names that are looked into for what was meant. */
const MOST_MEANT = 3;

/** There is none of that name for this person, who may have meant another one that they can see. */
export async function unknownName(bot: Bot, person: Person, name: string): Promise<string> {
  const living = [...bot.federations.living()].filter(({ ended }) => ended === null);
  const likely = nearest(name, new Set(living.map((one) => one.name))).filter((other) => other !== name);
  const meant = likely.slice(0, MOST_MEANT).flatMap((other) => living.filter((one) => one.name === other));
  const [seen] = (await bot.membership.seenBy(person, meant)).federations;
  const hint = seen === undefined ? await namesThere(bot, person) : ` Did you mean ${code(seen.name)}?`;
  return `${refusalText("not-visible")}${hint}`;
}

/** Names that are listed to somebody who has given none, or none that is known. */
const MOST_NAMES = 10;

/** What there is to name; empty where there is nothing that the person can see. */
export async function namesThere(bot: Bot, person: Person): Promise<string> {
  const { federations } = await federationsSeenBy(bot, person);
  if (federations.length === 0) return "";
  const names = federations.toSorted(newestFirst).map(({ name }) => code(name));
  return ` There ${names.length === 1 ? "is" : "are"}: ${listed(names, MOST_NAMES)}.`;
}

/**
 * The newest of that name that the person may know of, one that lives before those that have ended. One that the person
 * may not know of gets the same answer as one that does not exist.
 */
async function seenNamed(bot: Bot, person: Person, name: string): Promise<Federation | RefusalCode> {
  for (const { id, homeChannel } of bot.federations.named(name).slice(0, MOST_OF_A_NAME)) {
    const federation = bot.federations.get(id) ?? (await bot.federations.load(id));
    if (federation !== undefined && (await bot.membership.sees(person, federation))) return federation;
    if (bot.federations.isUnreadable(id) && (await bot.membership.isMember(homeChannel, person))) {
      return "federation-unreadable";
    }
  }
  return "not-visible";
}

/** The living one of that name, if the person may know of it. */
export async function livingNamed(bot: Bot, person: Person, name: string): Promise<Federation | null> {
  const [newest] = bot.federations.named(name);
  const federation = newest?.endedAt === null ? bot.federations.get(newest.id) : undefined;
  return federation !== undefined && (await bot.membership.sees(person, federation)) ? federation : null;
}

/** Those that have not ended and that the person may know of. */
export const federationsSeenBy = (bot: Bot, person: Person): Promise<Seen> =>
  bot.membership.seenBy(person, likeliestFirst(bot, person));

/** Living ones: those that the person asked for or has a zone in, then the newest. */
function likeliestFirst(bot: Bot, person: Person): readonly Federation[] {
  const owned = sitesOf(person, bot.configuration);
  const concerning: Federation[] = [];
  const others: Federation[] = [];
  for (const federation of bot.federations.living()) {
    const { ended, requester, sites } = federation;
    if (ended !== null) continue;
    const concerns = samePerson(requester, person) || owned.some(({ name }) => sites.has(name));
    (concerns ? concerning : others).push(federation);
  }
  return [...concerning.sort(newestFirst), ...others.sort(newestFirst)];
}
