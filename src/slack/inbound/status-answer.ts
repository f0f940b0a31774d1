/** `status`, from the command and from a mention alike. */
import { zonesOf } from "../../federation/deciding/visibility.ts";
import type { Person } from "../../federation/model/identity.ts";
import { samePerson } from "../../federation/model/identity.ts";
import type { RefusalCode } from "../../federation/model/reasons.ts";
import { type Federation, newestFirst } from "../../federation/model/state.ts";
import { section } from "../blocks/elements.ts";
import { overview, type Said, statusAnswer } from "../blocks/status.ts";
import { type Bot, refusalText } from "./bot.ts";

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
    const { federations, isComplete } = await bot.membership.seenBy(person, likeliestFirst(bot, person));
    return overview(federations, ask, isComplete);
  }
  const federation = await seenNamed(bot, person, name);
  return typeof federation === "string" ? refused(federation) : statusAnswer(federation, bot.configuration);
}

function refused(code: RefusalCode): Said {
  const text = refusalText(code);
  return { text, blocks: [section(text)] };
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

/** Living ones: those that the person asked for or has a zone in, then the newest. */
function likeliestFirst(bot: Bot, person: Person): readonly Federation[] {
  const owned = zonesOf(person, bot.configuration);
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
