/** What is seen of one federation in several zones at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isSettled } from "../../src/federation/model/state.ts";
import { Watch } from "../../src/rollout/watch.ts";
import { FederationStore } from "../../src/store/federation-store.ts";
import { zone } from "../builders/decision-context.ts";
import { aFederation } from "../builders/federation.ts";
import { memoryLog, NO_INDEX, NO_SNAPSHOTS, QUIET } from "../builders/memory-log.ts";

test("What a look at one zone shows is not forgotten because another zone's look is still being journalled", async ({
  mock,
}) => {
  const story = aFederation().running();
  const { id } = story.federation;
  const isUp = story.recorded.findLastIndex(({ event }) => event.type === "site-up");
  const { policy, sites, manifests, newCard, now } = story.context;
  const store = await FederationStore.open(
    { events: memoryLog(story.recorded.slice(0, isUp)), snapshots: NO_SNAPSHOTS, index: NO_INDEX },
    { context: { policy, sites, manifests, newCard }, now: () => now, isSettled, log: QUIET },
  );
  const update = store.update.bind(store);
  let goOn = (): void => undefined;
  const disk = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const updates = mock.method(store, "update", async (...asked: Parameters<typeof update>) => {
    const decision = await update(...asked);
    await disk;
    return decision;
  });
  const watch = new Watch({
    store,
    pollHints: () => ({ expect: () => undefined, pollSoon: () => undefined }),
    clock: () => 0,
    onSeen: () => undefined,
  });
  const look = (name: string) => watch.see(zone(name), story.zone(name).snapshot(now));
  for (const name of ["alpha", "beta"]) await look(name);
  const journalling = look("gamma");
  assert.equal(updates.mock.callCount(), 1, "gamma is seen to be up");
  story.sees("offline");
  const beside = look("alpha");
  goOn();
  await Promise.all([journalling, beside]);
  assert.deepEqual([...new Set(watch.live(id).nodes?.map(({ status }) => status))], ["offline"]);
  await store.close();
});
