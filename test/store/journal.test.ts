import assert from "node:assert/strict";
import { appendFile, chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { type Journal, openJournal } from "../../src/store/journal.ts";
import { JournalError, type JournalErrorCode } from "../../src/store/journal-error.ts";
import type { TornLine } from "../../src/store/journal-file.ts";

const noteShape = z.strictObject({ kind: z.literal("note"), text: z.string() });
type Note = z.infer<typeof noteShape>;
const note = (text: string): Note => ({ kind: "note", text });

const AT = "2026-11-24T05:00:00.000Z";

let directory = "";
let torn: TornLine[] = [];
let points: string[] = [];

const open = (at = directory): Promise<Journal<Note>> =>
  openJournal({
    directory: at,
    parse: (stored) => noteShape.parse(stored),
    checkpoint: (point) => {
      points.push(point);
    },
    onTornLine: (line) => torn.push(line),
  });

const texts = (journal: Journal<Note>, id: string): string[] => journal.read(id).map((entry) => entry.event.text);

const failsWith = (code: JournalErrorCode, message: RegExp) => (error: unknown) => {
  assert(error instanceof JournalError);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

/** Writes the given appends to a fresh directory, closes it, and runs `work` with it. */
const withJournalOf = async (appends: readonly (readonly string[])[], work: (fresh: string) => Promise<void>) => {
  const fresh = await mkdtemp(join(directory, "case-"));
  const journal = await open(fresh);
  for (const texts of appends) await journal.append("fed", AT, texts.map(note));
  await journal.close();
  await work(fresh);
  await rm(fresh, { recursive: true });
};

const anyAppends = fc.array(fc.array(fc.string({ unit: "binary", maxLength: 20 }), { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 5,
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "florist-journal-"));
  torn = [];
  points = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("the journal", () => {
  test("gives back what was appended, numbered from 1 without gaps, also after it is opened again", async () => {
    const journal = await open();
    await journal.append("fed-a", AT, [note("one"), note("two")]);
    const added = await journal.append("fed-a", AT, [note("three")]);
    await journal.append("fed-b", AT, [note("other")]);
    assert.deepEqual(
      added.map((entry) => entry.seq),
      [3],
    );
    const before = journal.read("fed-a");
    const head = journal.head("fed-a");
    assert.deepEqual(
      before.map((entry) => [entry.seq, entry.at, entry.event.text]),
      [
        [1, AT, "one"],
        [2, AT, "two"],
        [3, AT, "three"],
      ],
    );
    await journal.close();

    const again = await open();
    assert.deepEqual(again.ids(), ["fed-a", "fed-b"]);
    assert.deepEqual(again.read("fed-a"), before);
    assert.deepEqual(again.head("fed-a"), head);
    assert.deepEqual(again.read("unknown"), []);
    await again.close();
  });

  test("keeps one line per append, in a file and a directory that nobody else can read", async () => {
    const journal = await open();
    await journal.append("fed", AT, [note("one"), note("two")]);
    await journal.append("fed", AT, [note("three")]);
    await journal.close();
    const file = join(directory, "fed.jsonl");
    assert.equal((await readFile(file, "utf8")).split("\n").length, 3);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
  });

  test("takes away from others what they could read before", async () => {
    const journal = await open();
    await journal.append("fed", AT, [note("one")]);
    await journal.close();
    await chmod(directory, 0o755);
    await chmod(join(directory, "fed.jsonl"), 0o644);
    await (await open()).close();
    assert.equal((await stat(join(directory, "fed.jsonl"))).mode & 0o777, 0o600);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
  });

  test("writes appends asked for at the same time one after the other", async () => {
    const journal = await open();
    const wanted = Array.from({ length: 20 }, (_, index) => `note ${index}`);
    await Promise.all(wanted.map((text) => journal.append("fed", AT, [note(text)])));
    assert.deepEqual(texts(journal, "fed"), wanted);
    await journal.close();
    const again = await open();
    assert.deepEqual(texts(again, "fed"), wanted);
    await again.close();
  });

  test("names a point before and after each append", async () => {
    const journal = await open();
    await journal.append("fed", AT, [note("one")]);
    await journal.append("fed", AT, []);
    assert.deepEqual(points, ["journal:before-append", "journal:after-append"]);
    await journal.close();
  });

  test("waits for appends under way when it closes, and takes none after", async () => {
    const journal = await open();
    const pending = journal.append("fed", AT, [note("one")]);
    await journal.close();
    assert.equal((await pending).length, 1);
    await assert.rejects(journal.append("fed", AT, [note("late")]), failsWith("journal-closed", /shutting down/));
  });

  test("refuses an event it could not read again, and goes on", async () => {
    const journal = await open();
    const wrong = { kind: "note", text: 7 };
    // The compiler refuses this event; a caller's mistake must not make the journal unreadable all the same.
    const untyped: Journal<unknown> = journal;
    await assert.rejects(untyped.append("fed", AT, [wrong]), failsWith("journal-event", /Event 1 of fed/));
    await assert.rejects(journal.append("fed", "yesterday", [note("x")]), failsWith("journal-event", /yesterday/));
    await journal.append("fed", AT, [note("right")]);
    assert.deepEqual(texts(journal, "fed"), ["right"]);
    await journal.close();
  });

  test("refuses a name that would leave its directory", async () => {
    const journal = await open();
    for (const id of ["../fed", "", "a/b", ".hidden", "x".repeat(101)])
      await assert.rejects(journal.append(id, AT, [note("x")]), failsWith("journal-id", /cannot name/));
    await journal.close();
    assert.deepEqual(await readdir(directory), []);
  });
});

describe("opening a journal", () => {
  test("gives back any sequence of appends", async () => {
    await fc.assert(
      fc.asyncProperty(anyAppends, (appends) =>
        withJournalOf(appends, async (fresh) => {
          const journal = await open(fresh);
          assert.deepEqual(texts(journal, "fed"), appends.flat());
          await journal.close();
        }),
      ),
      { numRuns: 30 },
    );
  });

  test("drops a last line that was cut anywhere, tells it, and loses nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(anyAppends, fc.double({ min: 0, max: 1, noNaN: true }), (appends, where) =>
        withJournalOf(appends, async (fresh) => {
          const file = join(fresh, "fed.jsonl");
          const whole = await readFile(file);
          const lastLine = whole.subarray(0, -1).lastIndexOf(0x0a) + 1;
          const keep = Math.floor(where * (whole.length - 1 - lastLine));
          await writeFile(file, whole.subarray(0, lastLine + keep));
          torn = [];
          const journal = await open(fresh);
          assert.deepEqual(texts(journal, "fed"), appends.slice(0, -1).flat());
          assert.deepEqual(torn, keep === 0 ? [] : [{ file: "fed.jsonl", bytes: keep }]);
          assert.equal((await stat(file)).size, lastLine);
          await journal.append("fed", AT, [note("after")]);
          await journal.close();
          const again = await open(fresh);
          assert.deepEqual(texts(again, "fed"), [...appends.slice(0, -1).flat(), "after"]);
          await again.close();
        }),
      ),
      { numRuns: 30 },
    );
  });

  test("refuses a file in which any bit of a whole line has changed, and says where", async () => {
    await fc.assert(
      fc.asyncProperty(anyAppends, fc.nat(), fc.nat(7), (appends, place, bit) =>
        withJournalOf(appends, async (fresh) => {
          const file = join(fresh, "fed.jsonl");
          const bytes = await readFile(file);
          // The very last newline is left alone: without it the last line is a cut-off one.
          const index = place % (bytes.length - 1);
          bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
          await writeFile(file, bytes);
          // A flipped version number reads as a later version: refused all the same.
          await assert.rejects(open(fresh), (error: unknown) => {
            assert(error instanceof JournalError);
            assert(error.code === "journal-damaged" || error.code === "journal-newer", error.code);
            assert.match(error.message, /fed\.jsonl.*line \d+/);
            return true;
          });
        }),
      ),
      { numRuns: 60 },
    );
  });

  test("refuses a line left out, a line put in, and another federation's file", async () => {
    const journal = await open();
    for (const text of ["one", "two", "three"]) await journal.append("fed", AT, [note(text)]);
    await journal.close();
    const file = join(directory, "fed.jsonl");
    const [one = "", two = "", three = ""] = (await readFile(file, "utf8")).split("\n");
    await writeFile(file, `${one}\n${three}\n`);
    await assert.rejects(open(), failsWith("journal-damaged", /line 2: it does not follow the line before it/));
    await writeFile(file, `${one}\n${two}\n${two}\n`);
    await assert.rejects(open(), failsWith("journal-damaged", /line 3/));
    await rm(file);
    await writeFile(join(directory, "other.jsonl"), `${one}\n`);
    await assert.rejects(open(), failsWith("journal-damaged", /other\.jsonl.*line 1/));
  });

  test("refuses a file written by a later version, and leaves it as it is", async () => {
    const file = join(directory, "fed.jsonl");
    const later = `${JSON.stringify({ schema: 2, novelty: true })}\nhalf a li`;
    await writeFile(file, later);
    await assert.rejects(open(), failsWith("journal-newer", /Start the version that wrote it/));
    assert.equal(await readFile(file, "utf8"), later);
  });

  test("refuses an event that this version does not know", async () => {
    const journal = await openJournal<unknown>({
      directory,
      parse: (stored) => stored,
      checkpoint: () => undefined,
      onTornLine: () => undefined,
    });
    await journal.append("fed", AT, [{ kind: "from the future" }]);
    await journal.close();
    await assert.rejects(open(), failsWith("journal-event", /Event 1 of fed .* later version/));
  });

  test("does not take other files for journals", async () => {
    await writeFile(join(directory, "README"), "not a journal");
    const journal = await open();
    assert.deepEqual(journal.ids(), []);
    await journal.close();
  });

  test("leaves nothing behind of its lock, also when it refuses", async () => {
    await appendFile(join(directory, "fed.jsonl"), "damage\n");
    await assert.rejects(open(), failsWith("journal-damaged", /line 1/));
    assert.deepEqual(await readdir(directory), ["fed.jsonl"]);
  });
});
