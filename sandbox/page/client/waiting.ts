/** What waits for somebody: messages in the channel of owners that is theirs, with a button that only they can press. */
import { firstOwnerIn } from "../../zones-file.ts";
import type { Message } from "../protocol.ts";
import { buttonsOf, headingOf } from "./message-buttons.ts";

export interface Waiting {
  readonly person: string;
  readonly channel: string;
  /** What is decided about, as the message's heading calls it; empty where it has none. */
  readonly place: string;
  readonly button: string;
}

const APPROVE = "Approve";
/** With which somebody says yes, or gives what is asked for. */
const DECISIONS = [APPROVE, "Give the CA's certificate", "Give the certificate", "Admit", "Tear down here"];

export const isApproval = ({ button }: Waiting): boolean => button === APPROVE;

/** In the order of the channels, and of their messages. */
export function waiting(messages: ReadonlyMap<string, readonly Message[]>): readonly Waiting[] {
  return [...messages].toSorted().flatMap(([channel, all]) => {
    const person = firstOwnerIn(channel);
    if (person === null) return [];
    return all.flatMap((message) => {
      const button = DECISIONS.find((one) => buttonsOf(message).includes(one));
      if (button === undefined) return [];
      return [{ person, channel, place: headingOf(message).split(":")[0] ?? "", button }];
    });
  });
}
