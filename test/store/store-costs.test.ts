/** What things cost, counted in what is read, written and visited: never in time. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { decided } from "../../src/federation/model/decision.ts";
import type { FederationEvent } from "../../src/federation/model/events.ts";
import { type Federation, isSettled } from "../../src/federation/model/state.ts";
import type { EventLog } from "../../src/store/event-log.ts";
import type { IndexEntry } from "../../src/store/federation-index.ts";
import { FederationStore } from "../../src/store/federation-store.ts";
import type { Snapshot } from "../../src/store/snapshots.ts";
import { aDecisionContext, zone } from "../builders/decision-context.ts";
import { memoryLog, QUIET } from "../builders/memory-log.ts";
import { append, note, openNotes } from "./notes.ts";
import { ASKED_AGAIN, create, ENDED, happens, idOf, requestOf } from "./stores.ts";

interface Work {
  /** Chains opened or read, and entries that were handed over. */
  opened: number;
  entries: number;
  snapshotsRead: number;
  snapshotsWritten: number;
  indexWritten: number;
}

/** The store over memory, with everything that it asks of its context counted. */
function countedParts() {
  const log = memoryLog();
  const kept = new Map<string, Snapshot>();
  let index: readonly IndexEntry[] | null = null;
  const work: Work = { opened: 0, entries: 0, snapshotsRead: 0, snapshotsWritten: 0, indexWritten: 0 };
  const events: EventLog<FederationEvent> = {
    stored: log.stored,
    begin: log.begin,
    open: (id, from, take) => {
      work.opened += 1;
      return log.open(id, from, (entries) => {
        work.entries += entries.length;
        take(entries);
      });
    },
    read: (id, from, take, end) => {
      work.opened += 1;
      return log.read(id, from, take, end);
    },
  };
  return {
    work,
    parts: {
      events,
      snapshots: {
        load: async (id: string) => {
          work.snapshotsRead += 1;
          return kept.get(id);
        },
        save: async (snapshot: Snapshot) => {
          work.snapshotsWritten += 1;
          kept.set(snapshot.federation.id, snapshot);
        },
      },
      index: {
        load: async () => index,
        save: async (entries: readonly IndexEntry[]) => {
          work.indexWritten += 1;
          index = entries;
        },
      },
    },
  };
}

type Counted = ReturnType<typeof countedParts>;

const openCounted = ({ parts }: Counted): Promise<FederationStore> => {
  const { policy, sites: zones, manifests, newCard } = aDecisionContext();
  return FederationStore.open(parts, {
    context: { policy, sites: zones, manifests, newCard },
    now: () => "2026-03-02T08:00:00.000Z",
    isSettled,
    log: QUIET,
    cacheDelay: 3_600_000,
  });
};

/** What `act` costs. */
async function costOf({ work }: Counted, act: () => Promise<unknown>): Promise<Work> {
  const before = { ...work };
  await act();
  return {
    opened: work.opened - before.opened,
    entries: work.entries - before.entries,
    snapshotsRead: work.snapshotsRead - before.snapshotsRead,
    snapshotsWritten: work.snapshotsWritten - before.snapshotsWritten,
    indexWritten: work.indexWritten - before.indexWritten,
  };
}

const NOTHING_DONE: Work = { opened: 0, entries: 0, snapshotsRead: 0, snapshotsWritten: 0, indexWritten: 0 };

describe("a start", () => {
  test("reads the living alone, each by its snapshot, however many have ended", async () => {
    const counted = countedParts();
    const first = await openCounted(counted);
    for (let nth = 1; nth <= 3; nth += 1) await create(first, nth, ASKED_AGAIN);
    for (let nth = 10; nth < 60; nth += 1) await create(first, nth, ASKED_AGAIN, ENDED);
    await first.close();
    const cost = await costOf(counted, async () => {
      const again = await openCounted(counted);
      assert.equal([...again.living()].length, 3);
      assert.equal([...again.summaries()].length, 53);
      await again.close();
    });
    assert.deepEqual(cost, { ...NOTHING_DONE, opened: 3, snapshotsRead: 3, indexWritten: 1 });
  });
});

describe("a change", () => {
  test("reads nothing and writes no cache, however many federations there are", async () => {
    const counted = countedParts();
    const store = await openCounted(counted);
    for (let nth = 1; nth <= 100; nth += 1) await create(store, nth);
    const cost = await costOf(counted, async () => {
      for (let count = 0; count < 50; count += 1) await happens(store, 1, ASKED_AGAIN);
    });
    assert.deepEqual(cost, NOTHING_DONE);
    const closing = await costOf(counted, () => store.close());
    assert.deepEqual(closing, { ...NOTHING_DONE, snapshotsWritten: 100, indexWritten: 1 });
  });

  test("looks at no other federation, nor does a decision or a request for a new one", async () => {
    const counted = countedParts();
    const first = await openCounted(counted);
    for (let nth = 1; nth <= 5; nth += 1) await create(first, nth);
    await first.close();
    const looked: string[] = [];
    const { load } = counted.parts.snapshots;
    counted.parts.snapshots.load = async (id) => {
      const snapshot = await load(id);
      return snapshot === undefined ? undefined : { ...snapshot, federation: noting(snapshot.federation, looked) };
    };
    const store = await openCounted(counted);
    looked.length = 0;
    await store.update(idOf(1), (_, context) => {
      context.takenAddresses.get(zone("alpha"));
      return decided(ASKED_AGAIN);
    });
    assert.equal((await store.create(requestOf(6))).ok, true);
    assert.equal((await store.create(requestOf(7, { name: requestOf(2).name }))).ok, false);
    store.decisionContext(idOf(1));
    assert.deepEqual(new Set(looked), new Set([idOf(1)]));
    await store.close();
  });
});

/** The same state, which notes its id whenever somebody looks at a part of it. */
const noting = (federation: Federation, looked: string[]): Federation =>
  new Proxy(federation, {
    get: (target, name, receiver): unknown => {
      looked.push(target.id);
      return Reflect.get(target, name, receiver);
    },
  });

describe("an append", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "florist-costs-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test("neither reads nor writes what is there already, whether it is the tenth or the thousandth", async () => {
    const journal = await openNotes(directory);
    const chain = journal.begin("fed");
    const path = join(directory, "fed.jsonl");
    for (const seq of [10, 1000]) {
      while (chain.position.seq < seq - 1) await append(chain, note("as long"));
      // What was there is made unreadable: whoever needed it would fail, whoever wrote it anew would mend it.
      const before = Buffer.alloc((await stat(path)).size);
      await writeFile(path, before);
      await append(chain, note("as long"));
      const after = await readFile(path);
      assert.deepEqual(after.subarray(0, before.length), before);
      assert.equal(after.length, chain.position.end);
      assert.equal(chain.position.start, before.length);
    }
    await journal.close();
  });
});
