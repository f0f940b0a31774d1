/** Which federations are rendered, counted in what the outbox is handed. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Federations } from "../../src/federation/ports.ts";
import { createPublisher } from "../../src/slack/publisher.ts";
import { aDecisionContext, aZone, sitesOf } from "../builders/decision-context.ts";
import { QUIET } from "../builders/memory-log.ts";
import { create, ENDED, idOf, withStore } from "../store/stores.ts";

/** What a start of the bot hands to the outbox, by federation; everything of it stands at once. */
async function publishedAtStart(federations: Federations, title: string): Promise<ReadonlyMap<string, string>> {
  const { policy } = aDecisionContext();
  const wanted = new Map<string, string>();
  const publisher = createPublisher({
    federations,
    outbox: {
      want: (id, messages) => wanted.set(id, JSON.stringify(messages)),
      forget: (id) => publisher.told(id),
    },
    directory: { policy, sites: sitesOf(["alpha", "beta", "gamma"].map((name) => aZone(name, { title }))) },
    outdated: () => [],
    log: QUIET,
  });
  publisher.start();
  await publisher.idle();
  publisher.stop();
  return wanted;
}

test("An edited title of a zone is on the cards of federations that live, and none that is settled is rendered or read for it", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "florist-test-"));
  context.after(() => rm(directory, { recursive: true }));
  const living = [1, 2].map(idOf);
  await withStore(directory, async (store) => {
    for (const nth of [1, 2]) await create(store, nth);
    for (let nth = 10; nth < 20; nth += 1) await create(store, nth, ENDED);
    assert.equal((await publishedAtStart(store, "Institute of Alpha")).size, 12, "each is told once");
  });
  await withStore(directory, async (store) => {
    const load = context.mock.method(store, "load");
    const wanted = await publishedAtStart(store, "Institute of Omega");
    assert.deepEqual([...wanted.keys()].sort(), living);
    for (const messages of wanted.values()) assert.match(messages, /Institute of Omega/);
    assert.equal(load.mock.callCount(), 0);
  });
});
