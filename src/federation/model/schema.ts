/** Numbers of what is stored. Whoever changes a stored shape raises its number here. */

import { z } from "zod";

/** Of the events' vocabulary (events.ts), written into every line of a journal. */
export const EVENTS_SCHEMA = 5;

/** Of the state's shape (state.ts), which snapshots hold: those with another number are made anew from the journal. */
export const STATE_SCHEMA = 8;

/** What the first vocabulary said without knowing tunnels. */
const first = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("federation-requested"), address: z.unknown() }),
  z.looseObject({ type: z.literal("endpoint-chosen") }),
  z.looseObject({ type: z.literal("vm-observed"), observation: z.looseObject({}) }),
]);

/** What the second said without knowing that keys change. */
const second = z.looseObject({ type: z.literal("tunnel-peers-intended") });

/** What the fourth said without knowing what a federation is for, and until when it runs. */
const fourth = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("federation-requested") }),
  z.looseObject({ type: z.literal("teardown-asked"), by: z.unknown() }),
]);

/** An event as it was stored in an earlier vocabulary, in the words of today's. All others say today what they said then. */
export function upcast(stored: unknown, fromSchema: number): unknown {
  switch (fromSchema) {
    case 1:
      return fromFourth(fromSecond(fromFirst(stored)));
    case 2:
      return fromFourth(fromSecond(stored));
    // The fourth has events of its own, and says all others as the third did.
    case 3:
    case 4:
      return fromFourth(stored);
    default:
      throw new Error(`There has never been a vocabulary ${fromSchema}.`);
  }
}

function fromFirst(stored: unknown): unknown {
  const parsed = first.safeParse(stored);
  if (!parsed.success) return stored;
  const event = parsed.data;
  switch (event.type) {
    case "federation-requested": {
      const { address, ...rest } = event;
      return { ...rest, crossing: { kind: "public-address", address } };
    }
    case "endpoint-chosen":
      return { ...event, range: null };
    case "vm-observed":
      return { ...event, observation: { ...event.observation, tunnelKey: null } };
  }
}

function fromSecond(stored: unknown): unknown {
  const parsed = second.safeParse(stored);
  return parsed.success ? { ...parsed.data, successors: [] } : stored;
}

function fromFourth(stored: unknown): unknown {
  const parsed = fourth.safeParse(stored);
  if (!parsed.success) return stored;
  const event = parsed.data;
  switch (event.type) {
    case "federation-requested":
      return { ...event, purpose: "", issuer: "florist", until: null };
    case "teardown-asked":
      return { ...event, because: event.by === null ? "written-off" : "asked" };
  }
}
