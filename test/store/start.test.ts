/** What a start makes of damage, kind by kind. The chains are believed; what lies beside them must agree with them. */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { refuse } from "../../src/federation/model/decision.ts";
import { federationEvent } from "../../src/federation/model/events.ts";
import type { Federation } from "../../src/federation/model/state.ts";
import type { OpenStoreOptions } from "../../src/store/open-store.ts";
import { failsWith } from "./notes.ts";
import {
  ASKED_AGAIN,
  create,
  ENDED,
  flipByte,
  happens,
  idOf,
  idsOf,
  listeningLog,
  openStoreIn,
  requestOf,
  withStore,
} from "./stores.ts";

const CLEAR: readonly unknown[] = [];
let directory = "";
/** Of the federations 1 and 2, which live, and 3, which is settled. */
let whole: ReadonlyMap<string, Federation | undefined> = new Map();

const chainOf = (nth: number): string => join(directory, `${idOf(nth)}.jsonl`);
const snapshotOf = (nth: number): string => join(directory, "snapshots", `${idOf(nth)}.json`);
const indexFile = (): string => join(directory, "index.json");

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "florist-store-"));
  whole = await withStore(directory, async (store) => {
    await create(store, 1, ASKED_AGAIN, ASKED_AGAIN);
    await happens(store, 1, ASKED_AGAIN);
    await create(store, 2, ASKED_AGAIN);
    await create(store, 3, ASKED_AGAIN, ENDED);
    return new Map(await Promise.all([1, 2, 3].map(async (nth) => [idOf(nth), await store.load(idOf(nth))] as const)));
  });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A start, after which everything is what it was; gives the levels of what the log said. */
async function startsWhole(changes: Partial<OpenStoreOptions> = {}): Promise<readonly string[]> {
  const log = listeningLog();
  const check = async (store: Parameters<typeof create>[0]) => {
    assert.deepEqual(store.damaged(), []);
    assert.deepEqual(idsOf(store.living()), [idOf(1), idOf(2)]);
    for (const [id, federation] of whole) {
      const { id: same } = federation ?? assert.fail();
      assert.equal(same, id);
      assert.deepEqual(await store.load(same), federation);
    }
    assert.deepEqual(idsOf(store.summaries()), [idOf(1), idOf(2), idOf(3)]);
  };
  await withStore(directory, check, { log, ...changes });
  return log.lines.map(({ level }) => level);
}

/** A start that leaves out federation 1 only; gives the one line that the operator reads. */
async function startsWithoutTheFirst(code: string, changes: Partial<OpenStoreOptions> = {}): Promise<string> {
  const log = listeningLog();
  const check = async (store: Parameters<typeof create>[0]) => {
    assert.deepEqual(
      store.damaged().map((damage) => [damage.id, damage.code]),
      [[idOf(1), code]],
    );
    assert.deepEqual(idsOf(store.living()), [idOf(2)]);
    assert.equal(store.get(idOf(1)), undefined);
    assert.equal(await store.load(idOf(1)), undefined);
    assert.equal(store.head(idOf(1)), undefined);
    await assert.rejects(store.history(idOf(1)));
    assert.deepEqual(await happens(store, 1, ASKED_AGAIN), refuse("federation-unreadable"));
    assert.deepEqual(await store.create(requestOf(1)), refuse("federation-unreadable"));
    // Nobody makes a second one of its name while it may still run.
    assert.deepEqual(await store.create(requestOf(4, { name: requestOf(1).name })), refuse("name-taken"));
    assert.equal((await happens(store, 2, ASKED_AGAIN)).ok, true);
  };
  await withStore(directory, check, { log, ...changes });
  const errors = log.lines.filter(({ level }) => level === "error");
  assert.equal(errors.length, 1);
  return errors[0]?.message ?? "";
}

describe("a start", () => {
  test("finds everything as it was, and has nothing to say about it", async () => {
    assert.deepEqual(await startsWhole(), CLEAR);
    assert.deepEqual(await startsWhole(), CLEAR);
  });

  test("finds everything without index, without snapshots, and with chains alone", async () => {
    await rm(indexFile());
    assert.deepEqual(await startsWhole(), CLEAR);
    await rm(join(directory, "snapshots"), { recursive: true });
    assert.deepEqual(await startsWhole(), CLEAR);
    await rm(indexFile());
    await rm(join(directory, "snapshots"), { recursive: true });
    assert.deepEqual(await startsWhole(), CLEAR);
    assert.deepEqual(await startsWhole(), CLEAR);
  });

  test("knows of settled ones which were told to the end; of all when the index is lost", async () => {
    await withStore(directory, async (store) => {
      assert.deepEqual(store.untold(), [idOf(3)]);
      store.markTold(idOf(1));
      store.markTold(idOf(3));
      assert.deepEqual(store.untold(), []);
    });
    await withStore(directory, async (store) => assert.deepEqual(store.untold(), []));
    await rm(indexFile());
    await withStore(directory, async (store) => assert.deepEqual(store.untold(), [idOf(3)]));
  });

  test("goes on from a snapshot that lags behind its chain", async () => {
    const old = await readFile(snapshotOf(1));
    const newest = await withStore(directory, async (store) => {
      await happens(store, 1, ASKED_AGAIN, ASKED_AGAIN);
      return store.get(idOf(1));
    });
    await writeFile(snapshotOf(1), old);
    await withStore(directory, async (store) => assert.deepEqual(store.get(idOf(1)), newest));
  });
});

describe("a snapshot is thrown away and made anew", () => {
  test("when it is cut, empty, or any byte of it has changed", async () => {
    const good = await readFile(snapshotOf(1));
    for (let at = 0; at < good.length; at += 97) {
      await writeFile(snapshotOf(1), good);
      await flipByte(snapshotOf(1), at);
      assert.deepEqual(await startsWhole(), CLEAR);
      assert.deepEqual(await readFile(snapshotOf(1)), good);
    }
    for (const length of [0, 1, good.length - 2]) {
      await writeFile(snapshotOf(1), good.subarray(0, length));
      assert.deepEqual(await startsWhole(), CLEAR);
      assert.deepEqual(await readFile(snapshotOf(1)), good);
    }
  });

  test("when it is of another federation", async () => {
    await copyFile(snapshotOf(2), snapshotOf(1));
    await copyFile(snapshotOf(2), snapshotOf(3));
    assert.deepEqual(await startsWhole(), CLEAR);
    await rm(indexFile());
    await copyFile(snapshotOf(2), snapshotOf(3));
    assert.deepEqual(await startsWhole(), CLEAR);
  });

  test("when its state has another shape", async () => {
    assert.deepEqual(await startsWhole({ stateSchema: 2 }), CLEAR);
    assert.equal(JSON.parse(await readFile(snapshotOf(1), "utf8")).schema, 2);
    assert.deepEqual(await startsWhole({ stateSchema: 1 }), CLEAR);
    assert.equal(JSON.parse(await readFile(snapshotOf(1), "utf8")).schema, 1);
  });

  test("when it stands for a line that the chain does not hold, as after an older copy was put back", async () => {
    const older = await readFile(chainOf(1));
    await withStore(directory, (store) => happens(store, 1, ASKED_AGAIN));
    await writeFile(chainOf(1), older);
    const levels = await startsWhole();
    // The bot cannot know whether that was meant.
    assert.deepEqual(levels, ["warn"]);
    assert.deepEqual(await startsWhole(), CLEAR);
  });

  test("when the same events came about in another way", async () => {
    const [snapshot, chain] = await Promise.all([readFile(snapshotOf(2)), readFile(chainOf(2), "utf8")]);
    await rm(directory, { recursive: true });
    const other = await withStore(directory, async (store) => {
      await create(store, 2, { type: "preflight-asked-again", by: { ...requestOf(2).requester } });
      return store.get(idOf(2));
    });
    assert.notEqual(await readFile(chainOf(2), "utf8"), chain);
    await writeFile(snapshotOf(2), snapshot);
    await withStore(directory, async (store) => assert.deepEqual(store.get(idOf(2)), other));
  });
});

describe("the index is made anew", () => {
  test("when it is cut, empty, or any byte of it has changed, and the operator is told", async () => {
    const good = await readFile(indexFile());
    for (let at = 0; at < good.length; at += 97) {
      await writeFile(indexFile(), good);
      await flipByte(indexFile(), at);
      assert.deepEqual(await startsWhole(), ["warn"]);
    }
    for (const length of [0, 1, good.length - 2]) {
      await writeFile(indexFile(), good.subarray(0, length));
      assert.deepEqual(await startsWhole(), ["warn"]);
    }
    assert.deepEqual(await startsWhole(), CLEAR);
  });

  test("when it is older than the chains, as after a death", async () => {
    const old = await readFile(indexFile());
    const ended = await withStore(directory, async (store) => {
      await create(store, 4, ASKED_AGAIN);
      await happens(store, 2, ENDED);
      return await store.load(idOf(2));
    });
    await writeFile(indexFile(), old);
    await withStore(directory, async (store) => {
      assert.deepEqual(idsOf(store.living()), [idOf(1), idOf(4)]);
      assert.deepEqual(idsOf(store.summaries()), [1, 2, 3, 4].map(idOf));
      assert.deepEqual(await store.load(idOf(2)), ended);
      assert.equal(store.named("study-2")[0]?.endedAt, ended?.ended?.at);
    });
  });

  test("when a journal was taken away, and the operator is told", async () => {
    await rm(chainOf(1));
    const log = listeningLog();
    const check = async (store: Parameters<typeof create>[0]) => {
      assert.deepEqual(idsOf(store.summaries()), [idOf(2), idOf(3)]);
      assert.equal((await store.create(requestOf(5, { name: requestOf(1).name }))).ok, true);
    };
    await withStore(directory, check, { log });
    assert.match(log.lines[0]?.message ?? "", /a journal is gone/);
  });
});

describe("a federation alone is left out", () => {
  test("when a byte of its chain has changed", async () => {
    await flipByte(chainOf(1), -20);
    const told = await startsWithoutTheFirst("journal-damaged");
    assert.match(told, /cannot be used, line 3: .* put back the last good copy and start again; .* All other/);
  });

  test("when a byte of its chain has changed and nothing lies beside the chains", async () => {
    await flipByte(chainOf(1), -20);
    await rm(indexFile());
    await rm(join(directory, "snapshots"), { recursive: true });
    await startsWithoutTheFirst("journal-damaged");
    // The next start knows of it just as well.
    await startsWithoutTheFirst("journal-damaged");
  });

  test("when its chain was emptied", async () => {
    await truncate(chainOf(1), 0);
    assert.match(await startsWithoutTheFirst("journal-damaged"), /is empty, although it held events before/);
  });

  test("when a later version wrote to it", async () => {
    const events = { schema: 2, upcast: (stored: unknown) => stored, parse: eventOf };
    await withStore(directory, (store) => happens(store, 1, ASKED_AGAIN), { events });
    assert.match(await startsWithoutTheFirst("journal-newer"), /Start the version that wrote it/);
  });

  test("when it holds an event that this version does not know, or that cannot follow", async () => {
    const parse = (stored: unknown) => {
      const event = eventOf(stored);
      if (event.type === "stop-announced") throw new Error("What is that?");
      return event;
    };
    const site = requestOf(1).sites[0]?.site ?? assert.fail();
    await withStore(directory, (store) =>
      happens(store, 1, {
        type: "stop-announced",
        site,
        by: requestOf(1).requester,
        stopsAt: "2030-01-01T00:00:00.000Z",
      }),
    );
    await rm(snapshotOf(1));
    const events = { schema: 1, upcast: (stored: unknown) => stored, parse };
    assert.match(await startsWithoutTheFirst("journal-event", { events }), /Event 5 of .* start that one/);
  });

  test("and comes back when the last good copy is put back", async () => {
    const good = await readFile(chainOf(1));
    await flipByte(chainOf(1), -20);
    await startsWithoutTheFirst("journal-damaged");
    await writeFile(chainOf(1), good);
    await withStore(directory, async (store) => {
      assert.deepEqual(store.damaged(), []);
      assert.deepEqual(store.get(idOf(1)), whole.get(idOf(1)));
    });
  });

  test("also a settled one, when somebody asks for it", async () => {
    await flipByte(chainOf(3), -20);
    const log = listeningLog();
    const check = async (store: Parameters<typeof create>[0]) => {
      assert.deepEqual(store.damaged(), []);
      await assert.rejects(store.history(idOf(3)), failsWith("journal-damaged", /line 2/));
      assert.equal(await store.load(idOf(3)), undefined);
      assert.equal(await store.load(idOf(3)), undefined);
      assert.deepEqual(
        store.damaged().map(({ id }) => id),
        [idOf(3)],
      );
      // Its name is free: it had ended.
      assert.equal((await store.create(requestOf(4, { name: requestOf(3).name }))).ok, true);
    };
    await withStore(directory, check, { log });
    assert.equal(log.lines.filter(({ level }) => level === "error").length, 1);
  });

  test("but not when the damage lies before what its snapshot stands for: whoever reads its history sees it", async () => {
    await flipByte(chainOf(1), 20);
    assert.deepEqual(await startsWhole(), CLEAR);
    await withStore(directory, (store) =>
      assert.rejects(store.history(idOf(1)), failsWith("journal-damaged", /line 1: .* put back the last good copy/)),
    );
  });

  test("and a file that bears no federation's id is told, and disturbs nobody", async () => {
    await copyFile(chainOf(1), join(directory, "copy-of-1.jsonl"));
    const log = listeningLog();
    const check = async (store: Parameters<typeof create>[0]) => {
      assert.deepEqual(
        store.damaged().map(({ id, code }) => [id, code]),
        [["copy-of-1", "journal-id"]],
      );
      assert.deepEqual(idsOf(store.living()), [idOf(1), idOf(2)]);
    };
    await withStore(directory, check, { log });
    assert.match(log.lines[0]?.message ?? "", /copy-of-1\.jsonl .* Move it away/);
  });
});

test("a directory that cannot be used, or that another store has, is refused and left free", async () => {
  const store = await openStoreIn(directory);
  await assert.rejects(openStoreIn(directory), failsWith("journal-locked", /Another florist/));
  await store.close();
  await writeFile(join(directory, "file"), "");
  await rm(join(directory, "receipts"), { recursive: true });
  await writeFile(join(directory, "receipts"), "");
  await assert.rejects(openStoreIn(directory));
  await rm(join(directory, "receipts"));
  assert.deepEqual(await startsWhole(), CLEAR);
});

const eventOf = (stored: unknown) => federationEvent.parse(stored);
