/** A store in a process of its own, which ends at a named point. Says what was acknowledged, one JSON line each. */
import assert from "node:assert/strict";
import { writeSync } from "node:fs";
import { HOME_CHANNEL } from "../builders/decision-context.ts";
import { ASKED_AGAIN, create, ENDED, happens, idOf, openStoreIn } from "./stores.ts";

const [directory = "", point = "", nth = "1"] = process.argv.slice(2);

// Synchronous, so that a death right after it does not take it along.
const acknowledge = (what: string): void => {
  writeSync(1, `${JSON.stringify(what)}\n`);
};

let count = 0;
const store = await openStoreIn(directory, {
  // As often as can be: a death may then fall into any of these writings too.
  cacheDelay: 0,
  checkpoint: (here) => {
    if (here === point) count += 1;
    if (here === point && count === Number(nth)) process.kill(process.pid, "SIGKILL");
  },
});

/** A federation's whole life, with messages. */
async function live(one: number): Promise<void> {
  await create(store.federations, one);
  acknowledge(`${one} event 1`);
  for (let seq = 2; seq <= 4; seq += 1) {
    assert.equal((await happens(store.federations, one, ASKED_AGAIN)).ok, true);
    acknowledge(`${one} event ${seq}`);
    await store.receipts.record(idOf(one), `message ${seq}`, { channel: HOME_CHANNEL, ts: `${seq}.0`, content: "c" });
    acknowledge(`${one} message ${seq}`);
  }
  if (one % 2 === 1) return;
  await happens(store.federations, one, ENDED);
  acknowledge(`${one} event 5`);
}

await Promise.all([1, 2, 3, 4].map(live));
await store.close();
acknowledge("closed");
