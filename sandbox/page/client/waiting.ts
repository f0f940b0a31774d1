/** What waits for somebody: cards in their zone's channel that have a button to approve. */
import type { Message, ShownZone } from "../protocol.ts";
import { buttonsOf } from "./message-buttons.ts";

/** Buttons with which an owner says yes. */
const DECISIONS = ["Approve", "Admit", "Tear down here"];

export function waitsFor(
  person: string,
  zones: readonly ShownZone[],
  messages: ReadonlyMap<string, readonly Message[]>,
): number {
  return zones
    .filter(({ owner }) => owner === person)
    .flatMap(({ channel }) => messages.get(channel) ?? [])
    .filter((message) => buttonsOf(message).some((text) => DECISIONS.includes(text))).length;
}
