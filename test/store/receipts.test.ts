import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { GivenUp, Receipt } from "../../src/federation/ports.ts";
import { ReceiptFiles, type ReceiptFilesOptions } from "../../src/store/receipt-files.ts";
import { HOME_CHANNEL } from "../builders/decision-context.ts";
import { flipByte, idOf, listeningLog } from "./stores.ts";

const receipt = (ts: string): Receipt => ({ channel: HOME_CHANNEL, ts, content: `content of ${ts}` });
const WITH_FILE: Receipt = { ...receipt("9.0"), file: "F0FILE" };
const GIVEN_UP: GivenUp = { channel: HOME_CHANNEL, because: "is_archived", content: "content" };

let directory = "";
let points: string[] = [];
let log = listeningLog();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "florist-receipts-"));
  points = [];
  log = listeningLog();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const open = (changes: Partial<ReceiptFilesOptions> = {}): ReceiptFiles =>
  new ReceiptFiles({
    directory,
    checkpoint: (point, detail) => {
      points.push(`${point} ${detail}`);
    },
    log,
    ...changes,
  });
const fileOf = (nth: number): string => join(directory, `${idOf(nth)}.json`);
/** Another one each time the file is replaced. */
const inodeOf = async (nth: number): Promise<number> => (await stat(fileOf(nth))).ino;

describe("receipts", () => {
  test("are on disk when they are recorded, and come back after a start", async () => {
    const receipts = open();
    assert.deepEqual(await receipts.read(idOf(1)), { posted: new Map(), givenUp: new Map() });
    await receipts.record(idOf(1), "card", receipt("1.0"));
    await receipts.record(idOf(1), "__proto__", WITH_FILE);
    await receipts.record(idOf(1), "card/beta", GIVEN_UP);
    const book = {
      posted: new Map([
        ["card", receipt("1.0")],
        ["__proto__", WITH_FILE],
      ]),
      givenUp: new Map([["card/beta", GIVEN_UP]]),
    };
    assert.deepEqual(await receipts.read(idOf(1)), book);
    assert.deepEqual(await open().read(idOf(1)), book);
    assert.deepEqual(await receipts.read(idOf(2)), { posted: new Map(), givenUp: new Map() });
    assert.deepEqual(await readdir(directory), [`${idOf(1)}.json`]);
    assert.equal((await stat(fileOf(1))).mode & 0o777, 0o600);
  });

  test("end what was given up under their key; giving up leaves what stands", async () => {
    const receipts = open();
    await receipts.record(idOf(1), "card", GIVEN_UP);
    await receipts.record(idOf(1), "card", receipt("1.0"));
    assert.deepEqual(await receipts.read(idOf(1)), { posted: new Map([["card", receipt("1.0")]]), givenUp: new Map() });
    await receipts.record(idOf(1), "card", GIVEN_UP);
    assert.deepEqual(await open().read(idOf(1)), {
      posted: new Map([["card", receipt("1.0")]]),
      givenUp: new Map([["card", GIVEN_UP]]),
    });
  });

  test("are forgotten when they are dropped, so that a book grows no longer than what is listed", async () => {
    const receipts = open();
    await Promise.all(["a", "b", "c"].map((key) => receipts.record(idOf(1), key, receipt(key))));
    await receipts.record(idOf(1), "d", GIVEN_UP);
    await receipts.drop(idOf(1), ["a", "c", "d", "unknown"]);
    assert.deepEqual(await open().read(idOf(1)), { posted: new Map([["b", receipt("b")]]), givenUp: new Map() });
  });

  test("name a point before and after each of them is written, with the federation and its keys", async () => {
    const receipts = open();
    await receipts.record(idOf(1), "card", receipt("1.0"));
    await receipts.drop(idOf(1), ["card", "thread"]);
    assert.deepEqual(points, [
      `receipt:before-write ${idOf(1)} card`,
      `receipt:after-write ${idOf(1)} card`,
      `receipt:before-write ${idOf(1)} card thread`,
      `receipt:after-write ${idOf(1)} card thread`,
    ]);
  });

  test("of one turn are written together, those of later ones after them", async () => {
    const receipts = open();
    await receipts.record(idOf(1), "first", receipt("1.0"));
    const before = await inodeOf(1);
    const seen = new Set<string>();
    const keys = Array.from({ length: 50 }, (_, nth) => `key ${nth}`);
    await Promise.all(
      keys.map(async (key) => {
        await receipts.record(idOf(1), key, receipt(key));
        // Whoever comes back finds all of them on disk: one writing took them.
        seen.add(await readFile(fileOf(1), "utf8"));
      }),
    );
    assert.equal(seen.size, 1);
    assert.notEqual(await inodeOf(1), before);
    assert.equal((await open().read(idOf(1))).posted.size, 51);
  });

  test("are not there when the disk did not take them, and the next ones are", async () => {
    const receipts = open();
    await receipts.record(idOf(1), "one", receipt("1.0"));
    await rm(directory, { recursive: true });
    await assert.rejects(receipts.record(idOf(1), "two", receipt("2.0")), /ENOENT/);
    assert.deepEqual([...(await receipts.read(idOf(1))).posted.keys()], ["one"]);
    directory = await mkdtemp(join(tmpdir(), "florist-receipts-"));
    const elsewhere = open();
    await elsewhere.record(idOf(1), "three", receipt("3.0"));
    assert.deepEqual([...(await open().read(idOf(1))).posted.keys()], ["three"]);
  });

  test("leave memory when others are asked for, and come back from disk", async () => {
    const receipts = open({ most: 2 });
    for (const nth of [1, 2, 3]) await receipts.record(idOf(nth), "card", receipt(`${nth}.0`));
    await open().record(idOf(1), "written by another", receipt("4.0"));
    await open().record(idOf(3), "written by another", receipt("4.0"));
    assert.equal((await receipts.read(idOf(3))).posted.size, 1, "still in memory");
    assert.equal((await receipts.read(idOf(1))).posted.size, 2, "read anew");
  });

  test("that are still being written stay in memory, so that none is lost", async () => {
    const receipts = open({ most: 1 });
    const keys = Array.from({ length: 20 }, (_, nth) => `key ${nth}`);
    await Promise.all(
      keys.flatMap((key) => [1, 2, 3].map((nth) => receipts.record(idOf(nth), key, receipt(`${nth} ${key}`)))),
    );
    for (const nth of [1, 2, 3]) assert.equal((await open().read(idOf(nth))).posted.size, keys.length);
  });
});

test("a damaged book is set aside and told, and the next one begins empty", async () => {
  await open().record(idOf(1), "card", receipt("1.0"));
  const good = await readFile(fileOf(1));
  const damages = [
    () => writeFile(fileOf(1), good.subarray(0, good.length - 5)),
    () => writeFile(fileOf(1), ""),
    () => writeFile(fileOf(1), good.toString().replace('"schema":1', '"schema":2')),
    () => flipByte(fileOf(1), good.indexOf("content")),
    () => flipByte(fileOf(1), -10),
  ];
  for (const damage of damages) {
    await writeFile(fileOf(1), good);
    await damage();
    const broken = await readFile(fileOf(1));
    log = listeningLog();
    const receipts = open();
    assert.equal((await receipts.read(idOf(1))).posted.size, 0);
    assert.deepEqual(await readFile(`${fileOf(1)}.damaged`), broken);
    assert.match(log.lines[0]?.message ?? "", /^The receipts of .* set aside as .* posted anew/);
    assert.equal(log.lines.length, 1);
    await receipts.record(idOf(1), "card", receipt("2.0"));
    assert.deepEqual((await open().read(idOf(1))).posted, new Map([["card", receipt("2.0")]]));
  }
});
