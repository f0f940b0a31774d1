/** A federation's state -> every message that should stand in Slack. Nothing is posted that is not listed here. */
import type { FederationEvent } from "../../federation/model/events.ts";
import type { Federation } from "../../federation/model/state.ts";
import { type CardOptions, federationCard } from "../blocks/federation-card.ts";
import { CARD_KEY, type DesiredMessage } from "../message.ts";
import { alerts } from "./alerts.ts";
import { conditionMessages } from "./condition-messages.ts";
import { organisationMessages } from "./organisation-messages.ts";
import { card, inChannel } from "./place.ts";
import { readyMessages, trustMessages } from "./run-messages.ts";
import { noticesToOthers, siteMessages } from "./site-messages.ts";
import { timelineReplies } from "./timeline.ts";

/** In the order in which they are to be posted. */
export function messagesOf(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  return [
    card(CARD_KEY, inChannel(federation.homeChannel, null, "act"), federationCard(federation, options)),
    ...[...federation.sites.values()].flatMap((site) => siteMessages(federation, site, options)),
    ...inOrder([...timelineReplies(federation, options), ...conditionMessages(federation, options)]),
    ...organisationMessages(federation, options),
    ...alerts(federation, options),
    ...trustMessages(federation, options),
    ...readyMessages(federation, options),
    ...noticesToOthers(federation, options),
  ];
}

/** As it happened; what has no number of an event comes after what does. */
function inOrder(messages: readonly DesiredMessage[]): readonly DesiredMessage[] {
  const seqOf = ({ key }: DesiredMessage): number =>
    Number(/^timeline\/(\d+)$/.exec(key)?.[1] ?? Number.POSITIVE_INFINITY);
  const numbered = messages.map((message) => ({ message, seq: seqOf(message) }));
  return numbered
    .sort((one, other) => (one.seq < other.seq ? -1 : one.seq > other.seq ? 1 : 0))
    .map(({ message }) => message);
}

/** Events that change nothing of what people read. */
const UNSEEN: ReadonlySet<FederationEvent["type"]> = new Set<FederationEvent["type"]>([
  "command-accepted",
  "command-refused",
  "template-intended",
  "template-registered",
  "account-seen",
  "vms-verified",
  "certificate-delivered",
  "key-accepted",
  "key-revoked",
  "admissions-delivered",
  "keys-registered",
  "revocations-done",
  "vm-told-admitted",
  "tunnel-peers-intended",
  "tunnel-peers-delivered",
  "tunnel-rotation-told",
  "tunnel-key-announced",
  "tunnel-switch-intended",
  "tunnel-switch-delivered",
]);

export const isSeen = ({ type }: FederationEvent): boolean => !UNSEEN.has(type);
