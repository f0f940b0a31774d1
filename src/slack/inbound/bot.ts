/** What every handler may use. */
import type { WebClient } from "@slack/web-api";
import type { Logger } from "pino";
import { openProposal, siteOfCard } from "../../federation/deciding/approval.ts";
import type { Decision } from "../../federation/model/decision.ts";
import { NOTHING } from "../../federation/model/decision.ts";
import type { ConsentKind } from "../../federation/model/events.ts";
import { type CardId, type ChannelId, cardId, federationId, type Person } from "../../federation/model/identity.ts";
import type { DecisionContext } from "../../federation/model/policy.ts";
import { REFUSALS, type RefusalCode, refuse } from "../../federation/model/reasons.ts";
import type { Federation, Site } from "../../federation/model/state.ts";
import type { Configuration, Federations, ZoneChecks } from "../../federation/ports.ts";
import type { Membership } from "./membership.ts";

export interface Bot {
  readonly federations: Federations;
  readonly zoneChecks: ZoneChecks;
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

type Decide = (federation: Federation, context: DecisionContext, card: CardId) => Decision;

/** Decides on the newest state of the federation that the card belongs to. */
export async function decideOnCard(bot: Bot, value: string, decide: Decide): Promise<Decision> {
  const found = findCard(bot, value);
  if (found === null) return refuse("unknown-card");
  return await bot.federations.update(found.federation.id, (federation, context) =>
    decide(federation, context, found.card),
  );
}

/** Whether the person could decide on the card now: asked before a modal is opened, and decided anew when it comes back. */
export const couldDecide = (bot: Bot, value: string, kind: ConsentKind, by: Person): Promise<Decision> =>
  decideOnCard(bot, value, (state, context, card) => {
    const open = openProposal(state, context, { card, kind, by, decision: "" });
    return typeof open === "string" ? refuse(open) : NOTHING;
  });

export async function decideOnFederation(
  bot: Bot,
  value: string,
  decide: (federation: Federation, context: DecisionContext) => Decision,
): Promise<Decision> {
  const found = findFederation(bot, value);
  return found === null ? refuse("unknown-card") : await bot.federations.update(found.id, decide);
}

export const refusalText = (code: RefusalCode): string => `:no_entry: ${REFUSALS[code]}`;
