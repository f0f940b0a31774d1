/** What every handler may use. */

import type { WebClient } from "@slack/web-api";
import type { Logger } from "pino";
import { openProposal, siteOfCard } from "../../federation/deciding/approval.ts";
import { type DirectCommand, decide } from "../../federation/deciding/decide.ts";
import type { Vote } from "../../federation/model/commands.ts";
import { type Decision, refuse } from "../../federation/model/decision.ts";
import { type CardId, type ChannelId, type FederationId, federationId } from "../../federation/model/identity.ts";
import { REFUSALS, type RefusalCode } from "../../federation/model/reasons.ts";
import { keeperOf } from "../../federation/model/site-profiles.ts";
import { type Federation, isSettled, type Site } from "../../federation/model/state.ts";
import type {
  Certificates,
  ChannelIds,
  Configuration,
  Federations,
  TunnelStates,
  ZoneChecks,
} from "../../federation/ports.ts";
import { MARK } from "../blocks/marks.ts";
import { parseCardValue } from "../card-value.ts";
import type { OpenHomes } from "../open-homes.ts";
import type { Membership } from "./membership.ts";
import type { People } from "./people.ts";

export interface Bot {
  readonly federations: Federations;
  readonly zoneChecks: ZoneChecks;
  readonly certificates: Certificates;
  readonly tunnelStates: TunnelStates;
  readonly configuration: Configuration;
  readonly slack: WebClient;
  readonly membership: Membership;
  readonly people: People;
  /** With its slash. */
  readonly commandName: string;
  readonly log: Logger;
  readonly channels: ChannelIds;
  /** Where a message of the federation stands in Slack; null when that is not known. */
  readonly addressOf: (federation: FederationId, key: string) => string | null;
  /** A button of a message was used. */
  readonly buttonUsed: (button: { readonly channel: ChannelId; readonly ts: string; readonly value: string }) => void;
  /** The bot joined the channel, or who is connected to it has changed. */
  readonly channelChanged: (channel: ChannelId) => void;
  /** Where opened homes are kept up to date. */
  readonly homes: Pick<OpenHomes, "open">;
  readonly channelRenumbered: (from: ChannelId, to: ChannelId) => Promise<void>;
}

export interface OnCard {
  readonly federation: Federation;
  readonly site: Site;
  readonly card: CardId;
}

/** The federation, also one that has ended and is on disk only; null when there is none. */
export async function findFederation(bot: Bot, value: string): Promise<Federation | null> {
  const id = federationId.safeParse(value);
  if (!id.success) return null;
  return bot.federations.get(id.data) ?? (await bot.federations.load(id.data)) ?? null;
}

/** Why there is nothing to be found under a button's value. */
export function whyNotFound({ federations }: Bot, value: string): RefusalCode {
  const id = federationId.safeParse(parseCardValue(value)?.federation ?? value);
  return id.success && federations.isUnreadable(id.data) ? "federation-unreadable" : "unknown-card";
}

/** The site that a button's ids stand for; null when they stand for none. */
export async function findCard(bot: Bot, value: string): Promise<OnCard | null> {
  const about = parseCardValue(value);
  const federation = about === null ? null : await findFederation(bot, about.federation);
  const site = about === null || federation === null ? null : siteOfCard(federation, about.card);
  return about === null || federation === null || site === null ? null : { federation, site, card: about.card };
}

/** Where its owners read about a card's site. */
export const channelOfCard = ({ configuration }: Bot, found: OnCard | null): ChannelId | null =>
  found === null ? null : (keeperOf(configuration.sites, found.site.name)?.channel ?? found.federation.homeChannel);

/** Decides on the newest state. Of a federation with which nothing can happen any more nothing is decided. */
export async function decideOn(bot: Bot, id: FederationId, command: DirectCommand): Promise<Decision> {
  const federation = await findFederation(bot, id);
  if (federation === null) return refuse(whyNotFound(bot, id));
  if (isSettled(federation)) return refuse("federation-ended");
  return await bot.federations.update(id, (state, context) => decide(state, command, context));
}

/** Decides about the card whose ids the button carries. */
export async function decideOnCard(
  bot: Bot,
  value: string,
  command: (card: CardId) => DirectCommand,
): Promise<Decision> {
  const about = parseCardValue(value);
  return about === null ? refuse("unknown-card") : await decideOn(bot, about.federation, command(about.card));
}

/** Whether the person could decide on the card now: asked before a modal is opened, and decided anew when it comes back. */
export async function whyUndecidable(
  bot: Bot,
  value: string,
  { consent, by }: Pick<Vote, "consent" | "by">,
): Promise<RefusalCode | null> {
  const found = await findCard(bot, value);
  if (found === null) return whyNotFound(bot, value);
  if (isSettled(found.federation)) return "federation-ended";
  const context = bot.federations.decisionContext(found.federation.id);
  const open = openProposal(found.federation, context, { card: found.card, consent, by });
  return typeof open === "string" ? open : null;
}

/** Refusals that forbid; the others only say how things stand. */
const FORBIDDEN: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  "not-an-owner",
  "not-the-requester",
  "not-the-asker",
  "not-a-requester",
  "not-visible",
]);

export const refusalText = (code: RefusalCode): string =>
  `${FORBIDDEN.has(code) ? `${MARK.forbidden}` : `${MARK.hint}`} ${REFUSALS[code]}`;

/** A private answer to a click: null where what people see says it all. */
export const answerTo = (decision: Decision): string | null => (decision.ok ? null : refusalText(decision.refusal));
