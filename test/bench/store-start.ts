/** What it costs to open the store alone, with few and with many federations that have ended. */
import { join } from "node:path";
import { z } from "zod";
import { startProgram } from "../../sandbox/program.ts";
import { ask } from "./asking.ts";
import { inDirectory } from "./directories.ts";
import { fill, many } from "./filling.ts";
import { measure } from "./measuring.ts";
import { ENDED, LIVING } from "./population.ts";
import type { Costs } from "./probe.ts";
import { endedStory, runningStory, teller } from "./stories.ts";

async function costsOfOpening(directory: string): Promise<Costs> {
  const ready = z.object({ living: z.int() });
  const store = await startProgram({ entry: "test/bench/store-alone.js", args: [directory], ready });
  try {
    const { cpu } = await ask(store.child, "costs");
    return { ...(await ask(store.child, "settled")), cpu };
  } finally {
    await store.stop();
  }
}

await measure(async ({ quick }) => {
  const most = quick ? ENDED.quick : ENDED.most;
  return await inDirectory(async (directory) => {
    const [running, ended] = [teller(runningStory()), teller(endedStory())];
    const [few, much] = [join(directory, "few"), join(directory, "many")];
    const living = [...many(LIVING, 1, running)];
    await fill(few, [...living, ...many(ENDED.few, LIVING + 1, ended)]);
    await fill(much, [...living, ...many(most, LIVING + 1, ended)]);
    const [peer, own] = [await costsOfOpening(few), await costsOfOpening(much)];
    const subject = `store of ${LIVING} living and ${most} ended federations`;
    const name = `with ${ENDED.few} ended`;
    return [
      {
        subject: `${subject}: CPU time to open it`,
        value: own.cpu,
        unit: "ms",
        peer: { name, value: peer.cpu },
        targets: [],
      },
      { subject: `${subject}: memory`, value: own.memory, unit: "MB", peer: { name, value: peer.memory }, targets: [] },
    ];
  });
});
