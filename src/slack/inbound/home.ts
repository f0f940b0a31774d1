/** Gathers what one person's home shows. */
import type { HomeView } from "@slack/types";
import { isOwner } from "../../federation/deciding/consent.ts";
import { sitesOf } from "../../federation/deciding/visibility.ts";
import { type Waiting, waitingFor } from "../../federation/deciding/waiting.ts";
import { type FederationId, type Person, samePerson } from "../../federation/model/identity.ts";
import { homeView } from "../blocks/home.ts";
import { abilitiesOf } from "./abilities.ts";
import type { Bot } from "./bot.ts";
import { federationsSeenBy } from "./status-answer.ts";

export interface DrawnHome {
  readonly view: HomeView;
  /** The federations that it tells of. */
  readonly federations: ReadonlySet<FederationId>;
}

export async function drawHome(bot: Bot, person: Person): Promise<DrawnHome> {
  const abilities = await abilitiesOf(bot, person);
  const { federations, isComplete } = await federationsSeenBy(bot, person);
  const waiting = waitingIn(bot, person);
  const { configuration: directory, addressOf } = bot;
  return {
    view: homeView({ person, waiting, federations, isComplete, abilities, directory, addressOf }),
    federations: new Set([...federations, ...waiting.map(({ federation }) => federation)].map(({ id }) => id)),
  };
}

/** Nothing waits for anybody but in the own zones: only the federations there are looked through. */
function waitingIn(bot: Bot, person: Person): readonly Waiting[] {
  const there = sitesOf(person, bot.configuration).flatMap(({ zone }) => [...bot.federations.inZone(zone)]);
  const oldestFirst = [...new Set(there)].sort((one, other) => (one.requestedAt < other.requestedAt ? -1 : 1));
  return oldestFirst.flatMap((federation) => waitingFor(person, federation, bot.configuration));
}

/** Whether a federation may be to be seen on a home that did not tell of it. */
export function mayConcern({ configuration, federations }: Bot, person: Person, id: FederationId): boolean {
  const federation = federations.get(id);
  if (federation === undefined) return false;
  const { requester, sites } = federation;
  return samePerson(requester, person) || [...sites.keys()].some((name) => isOwner(configuration, name, person));
}
