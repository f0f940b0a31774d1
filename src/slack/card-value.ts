/** What a button carries: the federation's id, and that of the card where it is about one site. Both are opaque. */
import { type CardId, cardId, type FederationId, federationId } from "../federation/model/identity.ts";

export interface OnCard {
  readonly federation: FederationId;
  readonly card: CardId;
}

export const cardValue = (federation: FederationId, card: CardId): string => `${federation}:${card}`;

/** null for anything that no button of this version carries. */
export function parseCardValue(value: string): OnCard | null {
  const [first, second, ...more] = value.split(":");
  const federation = federationId.safeParse(first);
  const card = cardId.safeParse(second);
  return federation.success && card.success && more.length === 0
    ? { federation: federation.data, card: card.data }
    : null;
}

/** The federation that a button's ids are about; null for anything that no button of this version carries. */
export function federationOf(value: string): FederationId | null {
  const whole = federationId.safeParse(value);
  return whole.success ? whole.data : (parseCardValue(value)?.federation ?? null);
}
