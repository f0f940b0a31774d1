/** What an append costs beside few and many federations, and after few and many events of its own. */
import { join } from "node:path";
import { decided } from "../../src/federation/model/decision.ts";
import type { FederationId } from "../../src/federation/model/identity.ts";
import type { FederationStore } from "../../src/store/federation-store.ts";
import { REQUESTER } from "../builders/decision-context.ts";
import { aFederation } from "../builders/federation.ts";
import { inDirectory } from "./directories.ts";
import { type Figure, median, ratioAtMost } from "./figures.ts";
import { fill, many, openFilled } from "./filling.ts";
import { measure } from "./measuring.ts";
import { askedAgain, idOf, type Telling, teller } from "./stories.ts";

/** Of federations and of events of one. */
const FEW = 10;

interface Place {
  readonly store: FederationStore;
  readonly id: FederationId;
}

const smallOf = (store: FederationStore, nth: number): Place => ({ store, id: idOf(nth) });

/** The same federation after so many events in all. */
function lengthened({ id, recorded, zones }: Telling, events: number): Telling {
  const at = recorded.at(-1)?.at ?? "";
  const more = Array.from({ length: Math.max(0, events - recorded.length) }, (_, index) => ({
    seq: recorded.length + index + 1,
    at,
    event: askedAgain(REQUESTER),
  }));
  return { id, zones, recorded: [...recorded, ...more] };
}

/** Medians in milliseconds of appends to one and the other in turn, so that both meet the same disk. */
async function alternately(samples: number, ...places: readonly [Place, Place]): Promise<readonly [number, number]> {
  const times: [number[], number[]] = [[], []];
  for (let nth = 0; nth < samples; nth += 1) {
    for (const index of [0, 1] as const) {
      const { store, id } = places[index];
      const from = performance.now();
      await store.update(id, () => decided(askedAgain(REQUESTER)));
      times[index].push(performance.now() - from);
    }
  }
  return [median(times[0]), median(times[1])];
}

await measure(async ({ quick, watched }) => {
  const crowd = quick ? 500 : 10_000;
  const samples = quick ? 40 : 1_000;
  return await inDirectory(async (directory) => {
    const tell = teller(aFederation());
    const [few, much] = [join(directory, "few"), join(directory, "many")];
    // Those with a past of their own are the last ones in the small store.
    const [short, long] = [FEW, FEW + 1];
    await fill(few, [...many(FEW - 1, 1, tell), lengthened(tell(short), FEW - 1), lengthened(tell(long), crowd - 1)]);
    await fill(much, many(crowd, 1, tell));
    const [small, large] = [await openFilled(few), await openFilled(much)];
    try {
      const figures: Figure[] = [];
      const compared = async (subject: string, peerName: string, one: Place, other: Place): Promise<void> => {
        const [peer, own] = await watched(`${subject}`, () => alternately(samples, other, one));
        figures.push({
          subject: `${subject}, median`,
          value: own,
          unit: "ms",
          peer: { name: peerName, value: peer },
          targets: [ratioAtMost(1.2)],
        });
      };
      const crowded = `append to the ${crowd}th federation`;
      await compared(crowded, `${FEW}th`, { store: large.federations, id: idOf(crowd) }, smallOf(small.federations, 1));
      const aged = `append of the ${crowd}th event`;
      await compared(aged, `${FEW}th`, smallOf(small.federations, long), smallOf(small.federations, short));
      return figures;
    } finally {
      await Promise.all([small.close(), large.close()]);
    }
  });
});
