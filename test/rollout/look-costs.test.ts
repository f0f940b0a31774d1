/** What a look at a zone costs, counted in the federations that are asked for: never in time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isSettled } from "../../src/federation/model/state.ts";
import type { ZoneSnapshot } from "../../src/federation/model/zone-facts.ts";
import { Watch } from "../../src/rollout/watch.ts";
import { FederationStore } from "../../src/store/federation-store.ts";
import { aDecisionContext, zone } from "../builders/decision-context.ts";
import { memoryLog, NO_INDEX, NO_SNAPSHOTS, QUIET } from "../builders/memory-log.ts";
import { idOf, requestOf } from "../store/stores.ts";

const NOW = "2026-03-02T08:00:00.000Z";
const EMPTY: ZoneSnapshot = {
  at: NOW,
  account: { id: 3, name: "florist", administrator: false },
  services: [],
  servicesAt: NOW,
  vms: [],
  unreadable: [],
};
const ELSEWHERE = 40;

test("A look at a zone asks for the federations that have a site there alone, however many others there are", async ({
  mock,
}) => {
  const { policy, sites: zones, manifests, newCard } = aDecisionContext();
  const store = await FederationStore.open(
    { events: memoryLog(), snapshots: NO_SNAPSHOTS, index: NO_INDEX },
    { context: { policy, sites: zones, manifests, newCard }, now: () => NOW, isSettled, log: QUIET },
  );
  const there = [7, 23].map(idOf);
  for (let nth = 1; nth <= ELSEWHERE; nth += 1) {
    const [coordinator, training] = requestOf(nth).sites;
    assert.ok(coordinator !== undefined && training !== undefined);
    const site = there.includes(idOf(nth)) ? { ...training, site: zone("gamma") } : training;
    assert.equal((await store.create(requestOf(nth, { sites: [coordinator, site] }))).ok, true);
  }
  const hinted = new Set<string>();
  const watch = new Watch({
    store,
    pollHints: (name) => ({ expect: () => hinted.add(name), pollSoon: () => undefined }),
    clock: () => 0,
    onSeen: () => undefined,
  });
  const asked = [mock.method(store, "get"), mock.method(store, "decisionContext"), mock.method(store, "update")];
  const everything = [mock.method(store, "living"), mock.method(store, "summaries")];
  for (const look of [
    () => watch.see(zone("gamma"), EMPTY),
    () => watch.miss(zone("gamma"), { code: "zone-unreachable", detail: "" }),
  ]) {
    await look();
    const ids = asked.flatMap((method) => method.mock.calls.map((call) => call.arguments[0]));
    assert.deepEqual([...new Set(ids)].sort(), there);
    assert.deepEqual(
      everything.map((method) => method.mock.callCount()),
      [0, 0],
    );
    for (const method of asked) method.mock.resetCalls();
  }
  assert.deepEqual([...hinted].sort(), ["alpha", "gamma"]);
  await store.close();
});
