import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, type FileHandle, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Journal } from "../../src/store/journal.ts";
import { JournalError } from "../../src/store/journal-error.ts";
import { append, failsWith, type Note, note, opened, openNotes, textsOf } from "./notes.ts";

const PROGRAM = fileURLToPath(new URL("./journal-process.js", import.meta.url));
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

const openHere = (at = directory): Promise<Journal<Note>> => openNotes(at);

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
  const [line] = await once(createInterface(child.stdout), "line", { signal: AbortSignal.timeout(20_000) });
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
    assert.deepEqual(failed, { failed: "journal-write", cause: "EFBIG", kept });
    assert.deepEqual(added, { added: [kept + 1] });
    const journal = await openHere();
    const texts = await textsOf(journal, "fed");
    assert.equal(texts.length, kept + 1);
    assert.equal(texts.at(-1), "small");
    await journal.close();
  });

  test("an append whose fsync fails is told, changes nothing, and leaves nothing for the next start", async () => {
    const journal = await openHere();
    const chains = [journal.begin("fed"), journal.begin("new")] as const;
    await append(chains[0], note("one"));
    const size = (await stat(join(directory, "fed.jsonl"))).size;
    const before = chains.map(({ position }) => position);
    const heal = await failFsync();
    try {
      for (const chain of chains)
        await assert.rejects(append(chain, note("lost")), (error: unknown) => {
          assert(failsWith("journal-write", /nothing was changed.*disk/)(error));
          assert(error instanceof JournalError && error.cause instanceof Error);
          assert.match(error.cause.message, /EIO/);
          return true;
        });
    } finally {
      heal();
    }
    assert.deepEqual(
      chains.map(({ position }) => position),
      before,
    );
    assert.deepEqual(
      await journal.stored(),
      new Map([
        ["fed", size],
        ["new", 0],
      ]),
    );
    for (const chain of chains) await append(chain, note("two"));
    await journal.close();
    const again = await openHere();
    assert.deepEqual(await textsOf(again, "fed"), ["one", "two"]);
    assert.deepEqual(await textsOf(again, "new"), ["two"]);
    await again.close();
  });

  test("what a failed append could not even take away again is taken away by the next", async () => {
    const journal = await openHere();
    const chain = journal.begin("fed");
    await append(chain, note("one"));
    await appendFile(join(directory, "fed.jsonl"), "left behind");
    await append(chain, note("two"));
    assert.deepEqual(await textsOf(journal, "fed"), ["one", "two"]);
    await journal.close();
  });

  test("a file that somebody cut under a running bot takes nothing more", async () => {
    const journal = await openHere();
    const chain = journal.begin("fed");
    await append(chain, note("one"));
    await truncate(join(directory, "fed.jsonl"), 10);
    await assert.rejects(append(chain, note("two")), failsWith("journal-write", /nothing was changed/));
    assert.equal((await stat(join(directory, "fed.jsonl"))).size, 10);
    await journal.close();
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
      const { chain, entries } = await opened(journal, "fed");
      assert.deepEqual(
        entries.map(({ event }) => event.text),
        kept,
      );
      await append(chain, note("next"));
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
