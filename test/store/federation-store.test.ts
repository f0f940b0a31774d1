import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { decided, NOTHING, refuse } from "../../src/federation/model/decision.ts";
import { slug } from "../../src/federation/model/identity.ts";
import type { Federation } from "../../src/federation/model/state.ts";
import { zone } from "../builders/decision-context.ts";
import { failsWith } from "./notes.ts";
import {
  ASKED_AGAIN,
  create,
  ENDED,
  happens,
  idOf,
  idsOf,
  listeningLog,
  openStoreIn,
  requestOf,
  withStore,
} from "./stores.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "florist-store-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("a federation", () => {
  test("is the sum of what was recorded, also after a start", async () => {
    const before = await withStore(directory, async (store) => {
      await create(store, 1, ASKED_AGAIN, {
        type: "endpoint-chosen",
        endpoint: { host: "10.0.0.5", port: 9092 },
        address: "10.0.0.5",
        range: null,
      });
      return { state: store.get(idOf(1)), head: store.head(idOf(1)) };
    });
    assert.equal(before.state?.seq, 3);
    await withStore(directory, async (store) => {
      assert.deepEqual({ state: store.get(idOf(1)), head: store.head(idOf(1)) }, before);
      assert.deepEqual(await store.load(idOf(1)), before.state);
    });
  });

  test("is created once, however often the same request comes", async () => {
    await withStore(directory, async (store) => {
      const decisions = await Promise.all([1, 2, 3].map(() => store.create(requestOf(1))));
      assert.deepEqual(
        decisions.map((decision) => decision.ok && decision.events.length),
        [1, 0, 0],
      );
      assert.deepEqual(await store.create(requestOf(1)), NOTHING);
      assert.equal((await store.history(idOf(1))).length, 1);
    });
  });

  test("has a name that no other gets while it has not ended, also of two asked for at once", async () => {
    await withStore(directory, async (store) => {
      const name = slug.parse("study");
      const twice = await Promise.all([1, 2].map((nth) => store.create(requestOf(nth, { name }))));
      assert.deepEqual(
        twice.map((decision) => (decision.ok ? "made" : decision.refusal)),
        ["made", "name-taken"],
      );
      await happens(store, 1, ENDED);
      assert.equal((await store.create(requestOf(3, { name }))).ok, true);
      assert.deepEqual(idsOf(store.named(name)), [idOf(1), idOf(3)]);
      assert.equal(store.named(name)[0]?.id, idOf(3));
    });
  });

  test("that could not be journalled is not there, and its name is free", async () => {
    let fail = true;
    const checkpoint = () => {
      if (fail) throw new Error("The disk is full.");
    };
    const work = async (store: Parameters<typeof create>[0]) => {
      await assert.rejects(store.create(requestOf(1)), /disk is full/);
      assert.deepEqual([...store.living()], []);
      fail = false;
      const { name } = requestOf(1);
      assert.equal((await store.create(requestOf(2, { name }))).ok, true);
    };
    await withStore(directory, work, { checkpoint });
  });

  test("changes by one decision after the other, each on the newest state", async () => {
    await withStore(directory, async (store) => {
      await create(store, 1);
      const seen: number[] = [];
      await Promise.all(
        Array.from({ length: 20 }, () =>
          store.update(idOf(1), ({ seq }) => {
            seen.push(seq);
            return decided(ASKED_AGAIN);
          }),
        ),
      );
      assert.deepEqual(
        seen,
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
    });
  });

  test("stays what it was when the decision throws, the events cannot follow, or the disk fails", async () => {
    let fail = false;
    const checkpoint = () => {
      if (fail) throw new Error("The disk is full.");
    };
    const work = async (store: Parameters<typeof create>[0]) => {
      await create(store, 1);
      const before = store.get(idOf(1));
      const broken = () => {
        throw new Error("A mistake.");
      };
      await assert.rejects(store.update(idOf(1), broken), /A mistake/);
      await assert.rejects(
        happens(store, 1, { type: "site-stopped", site: zone("nowhere") }),
        failsWith("journal-event", /Event 2 cannot follow/),
      );
      fail = true;
      await assert.rejects(happens(store, 1, ASKED_AGAIN), /disk is full/);
      fail = false;
      assert.equal(store.get(idOf(1)), before);
      await happens(store, 1, ASKED_AGAIN);
      assert.equal(store.get(idOf(1))?.seq, 2);
    };
    await withStore(directory, work, { checkpoint });
    await withStore(directory, async (store) => assert.equal(store.get(idOf(1))?.seq, 2));
  });

  test("does not wait for another's append", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const checkpoint = async (point: string, detail: string) => {
      if (point === "journal:before-append" && detail.startsWith(`${idOf(1)} 2 `)) await held;
    };
    const work = async (store: Parameters<typeof create>[0]) => {
      await Promise.all([1, 2].map((nth) => create(store, nth)));
      const waiting = happens(store, 1, ASKED_AGAIN);
      for (let count = 0; count < 20; count += 1) await happens(store, 2, ASKED_AGAIN);
      await create(store, 3);
      assert.deepEqual([store.get(idOf(1))?.seq, store.get(idOf(2))?.seq], [1, 21]);
      release();
      await waiting;
    };
    await withStore(directory, work, { checkpoint });
  });

  test("is not there for who asks for an unknown one", async () => {
    await withStore(directory, async (store) => {
      assert.deepEqual(await happens(store, 9, ASKED_AGAIN), refuse("not-visible"));
      assert.equal(await store.load(idOf(9)), undefined);
      assert.deepEqual(await store.history(idOf(9)), []);
      assert.equal(store.head(idOf(9)), undefined);
    });
  });
});

describe("a settled federation", () => {
  const settledOne = async (store: Parameters<typeof create>[0]): Promise<Federation> => {
    const told: Federation[] = [];
    store.onChange((federation) => {
      told.push(federation);
      assert.equal(store.get(federation.id), federation, "it is still there for who is told");
    });
    await create(store, 1, ASKED_AGAIN, ENDED);
    await create(store, 2);
    return told.find(({ ended }) => ended !== null) ?? assert.fail();
  };

  const isOnDiskOnly = async (store: Parameters<typeof create>[0], whole: Federation) => {
    assert.deepEqual(idsOf(store.living()), [idOf(2)]);
    assert.equal(store.get(idOf(1)), undefined);
    assert.deepEqual(idsOf(store.inZone(zone("beta"))), [idOf(2)]);
    assert.deepEqual(await store.load(idOf(1)), whole);
    assert.deepEqual(idsOf(store.summaries()), [idOf(1), idOf(2)]);
    const [summary] = store.named("study-1");
    assert.deepEqual([summary?.endedAt, summary?.zones], [whole.ended?.at, [zone("alpha"), zone("beta")]]);
    assert.deepEqual(
      (await store.history(idOf(1))).map(({ seq, event }) => `${seq} ${event.type}`),
      ["1 federation-requested", "2 preflight-asked-again", "3 federation-ended"],
    );
    assert.equal(store.head(idOf(1))?.seq, 3);
    assert.deepEqual(await happens(store, 1, ASKED_AGAIN), refuse("federation-ended"));
    assert.deepEqual(await store.create(requestOf(1)), NOTHING);
  };

  test("leaves memory after those who are told of changes, and can still be read, also after a start", async () => {
    const whole = await withStore(directory, async (store) => {
      const federation = await settledOne(store);
      await isOnDiskOnly(store, federation);
      return federation;
    });
    await withStore(directory, (store) => isOnDiskOnly(store, whole));
  });

  test("is not brought back by a decision that waited behind the last one", async () => {
    await withStore(directory, async (store) => {
      await create(store, 1);
      const decisions = await Promise.all([happens(store, 1, ENDED), happens(store, 1, ASKED_AGAIN)]);
      assert.deepEqual(
        decisions.map((decision) => (decision.ok ? "decided" : decision.refusal)),
        ["decided", "federation-ended"],
      );
      assert.deepEqual([...store.living()], []);
    });
  });

  test("keeps no tunnel of an ended one from others, and tells each federation of all others' while they live", async () => {
    await withStore(directory, async (store) => {
      const hub = { host: "198.51.100.7", port: 51_820 };
      const crossing = { kind: "wireguard", hub, range: null } as const;
      const taken = (nth: number) => [...store.decisionContext(idOf(nth)).takenTunnels].map(({ range }) => range);
      for (const nth of [1, 2]) await store.create(requestOf(nth, { crossing }));
      await store.create(requestOf(3));
      assert.deepEqual([taken(1), taken(2), taken(3)], [[null], [null], [null, null]]);
      const endpoint = { host: "10.99.0.0", port: 9092 };
      await happens(store, 1, { type: "endpoint-chosen", endpoint, address: null, range: "10.99.0.0/23" });
      assert.deepEqual([taken(1), taken(2)], [[null], ["10.99.0.0/23"]]);
      await happens(store, 1, ENDED);
      assert.deepEqual(taken(2), []);
    });
  });

  test("keeps no address, and an ended one that is not settled stays in memory", async () => {
    await withStore(directory, async (store) => {
      const address = {
        type: "endpoint-chosen",
        endpoint: { host: "10.0.0.5", port: 9092 },
        address: "10.0.0.5",
        range: null,
      } as const;
      const authority = {
        type: "authority-created",
        generation: 1,
        fingerprint: "AB",
        certificate: "pem",
        expiresAt: "2030-01-01T00:00:00.000Z",
      } as const;
      await create(store, 1, authority, address);
      await create(store, 2);
      assert.deepEqual([...(store.decisionContext(idOf(2)).takenAddresses.get(zone("alpha")) ?? [])], ["10.0.0.5"]);
      assert.deepEqual([...(store.decisionContext(idOf(1)).takenAddresses.get(zone("alpha")) ?? [])], []);
      await happens(store, 1, ENDED);
      assert.deepEqual(idsOf(store.living()), [idOf(1), idOf(2)]);
      assert.equal(store.decisionContext(idOf(2)).takenAddresses.get(zone("alpha")), undefined);
      await happens(store, 1, { type: "authority-destroyed" });
      assert.deepEqual(idsOf(store.living()), [idOf(2)]);
    });
  });
});

describe("those who are told of changes", () => {
  test("get what there was before and what was recorded, in order", async () => {
    await withStore(directory, async (store) => {
      const told: (readonly [number | undefined, number, readonly number[]])[] = [];
      store.onChange((after, before, recorded) => {
        told.push([before?.seq, after.seq, recorded.map(({ seq }) => seq)]);
      });
      await create(store, 1, ASKED_AGAIN, ASKED_AGAIN);
      assert.deepEqual(told, [
        [undefined, 1, [1]],
        [1, 3, [2, 3]],
      ]);
    });
  });

  test("do not disturb each other or the decision when one of them fails, and the operator is told", async () => {
    const log = listeningLog();
    const work = async (store: Parameters<typeof create>[0]) => {
      const told: number[] = [];
      store.onChange(() => {
        throw new Error("A listener's mistake.");
      });
      store.onChange(({ seq }) => told.push(seq));
      await create(store, 1, ASKED_AGAIN);
      assert.deepEqual(told, [1, 2]);
      assert.deepEqual(
        log.lines.map(({ level }) => level),
        ["error", "error"],
      );
    };
    await withStore(directory, work, { log });
  });
});

test("what lies on disk is readable by the bot's user alone", async () => {
  const store = await openStoreIn(directory);
  await create(store.federations, 1, ASKED_AGAIN);
  await create(store.federations, 2, ENDED);
  await store.receipts.record(idOf(1), "card", { channel: requestOf(1).homeChannel, ts: "1.0", content: "c" });
  await store.close();
  const names = await readdir(directory, { recursive: true });
  assert.deepEqual(names.sort(), [
    `${idOf(1)}.jsonl`,
    `${idOf(2)}.jsonl`,
    "index.json",
    "receipts",
    `receipts/${idOf(1)}.json`,
    "snapshots",
    `snapshots/${idOf(1)}.json`,
    `snapshots/${idOf(2)}.json`,
  ]);
  for (const name of names) {
    const found = await stat(join(directory, name));
    assert.equal(found.mode & 0o777, found.isDirectory() ? 0o700 : 0o600, name);
  }
  assert.equal(JSON.parse(await readFile(join(directory, "index.json"), "utf8")).data.length, 2);
});
