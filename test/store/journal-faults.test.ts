import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, mkdtemp, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type Journal, openJournal } from "../../src/store/journal.ts";
import { JournalError, type JournalErrorCode } from "../../src/store/journal-error.ts";
import { WAIT_LIMIT_MS } from "../waiting.ts";

const PROGRAM = fileURLToPath(new URL("./journal-process.js", import.meta.url));
const AT = "2026-11-24T05:00:00.000Z";

let directory = "";
let children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "florist-journal-"));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

const openHere = (at = directory): Promise<Journal<string>> =>
  openJournal({
    directory: at,
    parse: (stored) => z.string().parse(stored),
    checkpoint: () => undefined,
    onTornLine: () => undefined,
  });

const eventsOf = (journal: Journal<string>): string[] => journal.read("fed").map((entry) => entry.event);

const failsWith = (code: JournalErrorCode, message: RegExp) => (error: unknown) => {
  assert(error instanceof JournalError);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

/** Starts the other process; its files may grow to `blocks` (of the shell's size) if that is given. */
const start = (mode: string, dieAt = "", blocks?: number): ChildProcess => {
  const limit = blocks === undefined ? "" : `ulimit -f ${blocks};`;
  const script = `${limit} exec "$0" "$@"`;
  const child = spawn("sh", ["-c", script, process.execPath, PROGRAM, directory, mode, dieAt], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  return child;
};

const outputOf = async (child: ChildProcess): Promise<unknown[]> => {
  assert(child.stdout !== null);
  const lines: unknown[] = [];
  for await (const line of createInterface(child.stdout)) lines.push(JSON.parse(line));
  return lines;
};

const firstLineOf = async (child: ChildProcess): Promise<unknown> => {
  assert(child.stdout !== null);
  const [line] = await once(createInterface(child.stdout), "line", { signal: AbortSignal.timeout(WAIT_LIMIT_MS) });
  return JSON.parse(String(line));
};

/** Makes every fsync fail from now on, as a dying disk does, until the returned function is called. */
const failFsync = async (): Promise<() => void> => {
  const handle = await open(directory);
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  const { sync } = prototype;
  prototype.sync = () => Promise.reject(Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" }));
  return () => {
    prototype.sync = sync;
  };
};

describe("when the disk fails", () => {
  test("an append that fills it is told, changes nothing, and the next one that fits is kept", async () => {
    const [failed, added] = await outputOf(start("fill", "", 40));
    const { kept } = z.looseObject({ kept: z.int().min(2) }).parse(failed);
    assert.deepEqual(failed, { failed: "journal-write", cause: "EFBIG", kept, head: kept });
    assert.deepEqual(added, { added: [kept + 1] });
    const journal = await openHere();
    assert.equal(eventsOf(journal).length, kept + 1);
    assert.equal(eventsOf(journal).at(-1), "small");
    await journal.close();
  });

  test("an append whose fsync fails is told, changes nothing, and leaves nothing for the next start", async () => {
    const journal = await openHere();
    await journal.append("fed", AT, ["one"]);
    const size = (await stat(join(directory, "fed.jsonl"))).size;
    const before = { entries: journal.read("fed"), head: journal.head("fed") };
    const heal = await failFsync();
    try {
      for (const id of ["fed", "new"])
        await assert.rejects(journal.append(id, AT, ["lost"]), (error: unknown) => {
          assert(failsWith("journal-write", /nothing was changed.*disk/)(error));
          assert(error instanceof JournalError && error.cause instanceof Error);
          assert.match(error.cause.message, /EIO/);
          return true;
        });
    } finally {
      heal();
    }
    assert.deepEqual({ entries: journal.read("fed"), head: journal.head("fed") }, before);
    assert.deepEqual(journal.ids(), ["fed"]);
    assert.equal((await stat(join(directory, "fed.jsonl"))).size, size);
    await journal.append("fed", AT, ["two"]);
    await journal.close();
    const again = await openHere();
    assert.deepEqual(eventsOf(again), ["one", "two"]);
    assert.deepEqual(again.ids(), ["fed"]);
    await again.close();
  });
});

describe("when the process dies", () => {
  for (const [point, kept] of [
    ["journal:before-append", ["one"]],
    ["journal:after-append", ["one", "two"]],
  ] as const)
    test(`at ${point} of the second append, ${kept.length} remain and the next start goes on`, async () => {
      const child = start("append-three", point);
      const [, signal] = await once(child, "exit");
      assert.equal(signal, "SIGKILL");
      const journal = await openHere();
      assert.deepEqual(eventsOf(journal), kept);
      await journal.append("fed", AT, ["next"]);
      await journal.close();
    });
});

describe("the lock on the data directory", () => {
  test("refuses a second process while the first lives, and lets it in once that was killed", async () => {
    const first = start("hold");
    assert.deepEqual(await firstLineOf(first), { open: true });
    await assert.rejects(openHere(), failsWith("journal-locked", /Another florist is using the data directory/));
    first.kill("SIGKILL");
    await once(first, "exit");
    const journal = await openHere();
    await journal.close();
    assert.deepEqual(await readdir(directory), []);
  });

  test("refuses a second journal in the same process too", async () => {
    const journal = await openHere();
    await assert.rejects(openHere(), failsWith("journal-locked", /Another florist/));
    await journal.close();
    await (await openHere()).close();
  });

  test("never lets two in, however many start at once over what a dead one left", async () => {
    const dead = start("hold");
    assert.deepEqual(await firstLineOf(dead), { open: true });
    dead.kill("SIGKILL");
    await once(dead, "exit");
    const lines = await Promise.all(Array.from({ length: 4 }, () => firstLineOf(start("hold"))));
    const open = lines.filter((line) => z.strictObject({ open: z.literal(true) }).safeParse(line).success);
    assert(open.length <= 1, `${open.length} processes have the journal open`);
    const refused = lines.filter(
      (line) => z.strictObject({ error: z.literal("journal-locked") }).safeParse(line).success,
    );
    assert.equal(open.length + refused.length, lines.length);
  });

  test("says so when the directory's path is too long for it", async () => {
    const long = join(directory, "d".repeat(100));
    await assert.rejects(openHere(long), failsWith("journal-lock-path", /too long a path .* at most \d+ bytes/));
  });
});

test("a data directory that is a file is refused with what to do", async () => {
  const file = join(directory, "file");
  await writeFile(file, "");
  await assert.rejects(openHere(file), failsWith("journal-directory", /must be a directory/));
});
