/** What was acknowledged is there after a death, wherever it fell. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { FederationStore } from "../../src/store/federation-store.ts";
import { ASKED_AGAIN, create, happens, idOf, listeningLog, openStoreIn } from "./stores.ts";

const PROGRAM = fileURLToPath(new URL("./store-process.js", import.meta.url));
const LIVES = [1, 2, 3, 4];

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "florist-store-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Runs the other process until it ends by itself or by its own hand; gives what it acknowledged. */
async function livesUntil(point: string, nth: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [PROGRAM, directory, point, String(nth)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", (_, signal) => resolve(signal)));
  const acknowledged: string[] = [];
  for await (const line of createInterface(child.stdout)) acknowledged.push(z.string().parse(JSON.parse(line)));
  assert.equal(await ended, point === "" ? null : "SIGKILL");
  return acknowledged;
}

const countOf = (acknowledged: readonly string[], one: number, what: string): number =>
  acknowledged.filter((line) => line.startsWith(`${one} ${what} `)).length;

const eventsOf = async (store: FederationStore, one: number): Promise<number> =>
  (await store.history(idOf(one))).length;

async function holdsAtLeast(acknowledged: readonly string[]): Promise<void> {
  const log = listeningLog();
  const store = await openStoreIn(directory, { log });
  for (const one of LIVES) {
    const events = await eventsOf(store.federations, one);
    const known = countOf(acknowledged, one, "event");
    // One may have become durable whose acknowledgement the death cut off.
    assert(events === known || events === known + 1, `${one}: ${known} acknowledged, ${events} there`);
    assert.equal((await store.federations.load(idOf(one)))?.seq, events === 0 ? undefined : events);
    assert.equal(store.federations.get(idOf(one)) === undefined, events === 0 || events === 5);
    const { posted } = await store.receipts.read(idOf(one));
    const receipts = countOf(acknowledged, one, "message");
    assert(posted.size === receipts || posted.size === receipts + 1, `${one}: ${receipts} receipts, ${posted.size}`);
  }
  assert.deepEqual(store.federations.damaged(), []);
  // A last line cut off is the one thing there may be to say.
  assert.deepEqual(
    log.lines.filter(({ message }) => !/never acknowledged/.test(message)),
    [],
  );
  if (store.federations.get(idOf(1)) === undefined) await create(store.federations, 1);
  assert.equal((await happens(store.federations, 1, ASKED_AGAIN)).ok, true);
  await store.close();
}

describe("when the process dies", () => {
  const POINTS = ["journal:before-append", "journal:after-append", "receipt:before-write", "receipt:after-write"];
  for (const point of POINTS) {
    for (const nth of [1, 4, 6, 9, 12]) {
      test(`at ${point} for the ${nth}. time, what was acknowledged is there and the next start goes on`, async () => {
        await holdsAtLeast(await livesUntil(point, nth));
      });
    }
  }
});

test("a life without a death leaves everything acknowledged, and nothing to read again", async () => {
  const acknowledged = await livesUntil("", 0);
  assert.equal(acknowledged.at(-1), "closed");
  assert.equal(acknowledged.length, 4 * 7 + 2 + 1);
  await holdsAtLeast(acknowledged);
});
