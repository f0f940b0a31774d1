/** What every handler may use. */
import type { WebClient } from "@slack/web-api";
import type { Logger } from "pino";
import { openProposal, siteOfCard } from "../federation/approval.ts";
import { NOTHING } from "../federation/decision.ts";
import type { ConsentKind } from "../federation/events.ts";
import { type CardId, type ChannelId, cardId, federationId, type Person } from "../federation/identity.ts";
import type { World } from "../federation/policy.ts";
import { REFUSALS, type RefusalCode, refuse } from "../federation/reasons.ts";
import type { Federation, Site } from "../federation/state.ts";
import type { Membership } from "./membership.ts";
import type { Configuration, Decision, Federations, ZoneLooks } from "./ports.ts";

export interface Bot {
  readonly federations: Federations;
  readonly zoneLooks: ZoneLooks;
  readonly configuration: Configuration;
  readonly slack: WebClient;
  readonly membership: Membership;
  /** With its slash. */
  readonly commandName: string;
  readonly log: Logger;
  /** The bot joined the channel, or who is connected to it has changed. */
  readonly channelChanged: (channel: ChannelId) => void;
}

export interface OnCard {
  readonly federation: Federation;
  readonly site: Site;
  readonly card: CardId;
}

/** The site that a button's opaque id stands for; null when it stands for none. */
export function findCard(bot: Bot, value: string): OnCard | null {
  const card = cardId.safeParse(value);
  if (!card.success) return null;
  for (const federation of bot.federations.all()) {
    const site = siteOfCard(federation, card.data);
    if (site !== null) return { federation, site, card: card.data };
  }
  return null;
}

export function findFederation(bot: Bot, value: string): Federation | null {
  const id = federationId.safeParse(value);
  return id.success ? (bot.federations.get(id.data) ?? null) : null;
}

type Decide = (federation: Federation, world: World, card: CardId) => Decision;

/** Decides on the newest state of the federation that the card belongs to. */
export async function decideOnCard(bot: Bot, value: string, decide: Decide): Promise<Decision> {
  const found = findCard(bot, value);
  if (found === null) return refuse("unknown-card");
  return await bot.federations.change(found.federation.id, (federation, world) =>
    decide(federation, world, found.card),
  );
}

/** Whether the person could decide on the card now: asked before a modal is opened, and decided anew when it comes back. */
export const couldDecide = (bot: Bot, value: string, kind: ConsentKind, by: Person): Promise<Decision> =>
  decideOnCard(bot, value, (state, world, card) => {
    const open = openProposal(state, world, { card, kind, by, decision: "" });
    return typeof open === "string" ? refuse(open) : NOTHING;
  });

export async function decideOnFederation(
  bot: Bot,
  value: string,
  decide: (federation: Federation, world: World) => Decision,
): Promise<Decision> {
  const found = findFederation(bot, value);
  return found === null ? refuse("unknown-card") : await bot.federations.change(found.id, decide);
}

export const refusalText = (code: RefusalCode): string => `:no_entry: ${REFUSALS[code]}`;
