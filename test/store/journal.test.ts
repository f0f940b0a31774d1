import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import fc from "fast-check";
import type { TornLine } from "../../src/store/chain-file.ts";
import type { Chain } from "../../src/store/event-log.ts";
import { type Journal, openJournal } from "../../src/store/journal.ts";
import { JournalError } from "../../src/store/journal-error.ts";
import { AT, append, FIRST_NOTES, failsWith, NOTES, type Note, note, opened, openNotes, textsOf } from "./notes.ts";

let directory = "";
let torn: TornLine[] = [];
let points: string[] = [];

const open = (at = directory): Promise<Journal<Note>> => openNotes(at, { torn, points });

/** Writes the given appends to a fresh directory, closes it, and runs `work` with it. */
const withJournalOf = async (appends: readonly (readonly string[])[], work: (fresh: string) => Promise<void>) => {
  const fresh = await mkdtemp(join(directory, "case-"));
  const journal = await open(fresh);
  const chain = journal.begin("fed");
  for (const texts of appends) await append(chain, ...texts.map(note));
  await journal.close();
  await work(fresh);
  await rm(fresh, { recursive: true });
};

/** Opens the directory's journal for as long as `work` takes. */
const withJournal = async <T>(at: string, work: (journal: Journal<Note>) => Promise<T>): Promise<T> => {
  const journal = await open(at);
  try {
    return await work(journal);
  } finally {
    await journal.close();
  }
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
    const chain = journal.begin("fed-a");
    await append(chain, note("one"), note("two"));
    assert.deepEqual(await append(chain, note("three")), [{ seq: 3, at: AT, event: note("three") }]);
    await append(journal.begin("fed-b"), note("other"));
    await journal.close();

    await withJournal(directory, async (again) => {
      assert.deepEqual([...(await again.stored()).keys()], ["fed-a", "fed-b"]);
      const read = await opened(again, "fed-a");
      assert.deepEqual(
        read.entries.map(({ seq, at, event }) => [seq, at, event.text]),
        [
          [1, AT, "one"],
          [2, AT, "two"],
          [3, AT, "three"],
        ],
      );
      assert.deepEqual(read.chain.position, chain.position);
    });
  });

  test("says where a chain stands: its last event and line, and the bytes that the line takes", async () => {
    const journal = await open();
    const chain = journal.begin("fed");
    assert.equal(chain.position.seq, 0);
    await append(chain, note("one"), note("two"));
    const first = chain.position;
    await append(chain, note("three"));
    const { seq, start, end } = chain.position;
    assert.deepEqual([first.seq, first.start, seq, start], [2, 0, 3, first.end]);
    assert.equal((await stat(join(directory, "fed.jsonl"))).size, end);
    assert.deepEqual(await journal.stored(), new Map([["fed", end]]));
    await journal.close();
  });

  test("reads on from where it stood at any line, and from no place that the chain does not hold", async () => {
    await fc.assert(
      fc.asyncProperty(anyAppends, fc.nat(), async (appends, where) => {
        const fresh = await mkdtemp(join(directory, "case-"));
        await withJournal(fresh, async (journal) => {
          const chain = journal.begin("fed");
          const positions = [];
          for (const texts of appends) {
            await append(chain, ...texts.map(note));
            positions.push(chain.position);
          }
          const index = where % positions.length;
          const position = positions[index] ?? assert.fail();
          const read: string[] = [];
          const take = (entries: readonly { event: Note }[]) => read.push(...entries.map(({ event }) => event.text));
          assert.deepEqual(await journal.read("fed", position, take), chain.position);
          assert.deepEqual(read, appends.slice(index + 1).flat());
          for (const wrong of [
            { ...position, seq: position.seq + 1 },
            { ...position, hash: position.hash.replace(/./, (digit) => (digit === "0" ? "1" : "0")) },
            { ...position, start: position.start + 1 },
            { ...position, end: position.end + 1 },
            { ...position, start: chain.position.end + 1, end: chain.position.end + 2 },
          ])
            assert.equal(await journal.read("fed", wrong, take), null);
        });
      }),
      { numRuns: 20 },
    );
  });

  test("reads up to where it is told to, and leaves what is being appended alone", async () => {
    const journal = await open();
    const chain = journal.begin("fed");
    await append(chain, note("one"));
    const { position } = chain;
    await append(chain, note("two"));
    const read: string[] = [];
    await journal.read("fed", null, (entries) => read.push(...entries.map(({ event }) => event.text)), position.end);
    assert.deepEqual(read, ["one"]);
    await journal.close();
  });

  test("keeps one line per append, in a file and a directory that nobody else can read", async () => {
    const journal = await open();
    const chain = journal.begin("fed");
    await append(chain, note("one"), note("two"));
    await append(chain, note("three"));
    await journal.close();
    const file = join(directory, "fed.jsonl");
    assert.equal((await readFile(file, "utf8")).split("\n").length, 3);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
  });

  test("takes away from others what they could read before", async () => {
    await withJournalOf([["one"]], async (fresh) => {
      await chmod(fresh, 0o755);
      await chmod(join(fresh, "fed.jsonl"), 0o644);
      await withJournal(fresh, (journal) => opened(journal, "fed"));
      assert.equal((await stat(join(fresh, "fed.jsonl"))).mode & 0o777, 0o600);
      assert.equal((await stat(fresh)).mode & 0o777, 0o700);
    });
  });

  test("writes appends asked for at the same time one after the other", async () => {
    const journal = await open();
    const chain = journal.begin("fed");
    const wanted = Array.from({ length: 20 }, (_, index) => `note ${index}`);
    await Promise.all(wanted.map((text) => append(chain, note(text))));
    assert.deepEqual(await textsOf(journal, "fed"), wanted);
    await journal.close();
  });

  test("names a point before and after each append", async () => {
    const journal = await open();
    await append(journal.begin("fed"), note("one"));
    assert.deepEqual(points, ["journal:before-append", "journal:after-append"]);
    await journal.close();
  });

  test("writes nothing that whoever asked for it cannot take", async () => {
    const journal = await open();
    const chain = journal.begin("fed");
    const refuse = () => {
      throw new Error("This cannot follow.");
    };
    await assert.rejects(chain.append(AT, [note("one")], refuse), /cannot follow/);
    assert.deepEqual(points, []);
    await append(chain, note("two"));
    assert.deepEqual(await textsOf(journal, "fed"), ["two"]);
    await journal.close();
  });

  test("waits for appends under way when it closes, and takes none after", async () => {
    const journal = await open();
    const chain = journal.begin("fed");
    const pending = append(chain, note("one"));
    await journal.close();
    assert.equal((await pending).length, 1);
    await assert.rejects(append(chain, note("late")), failsWith("journal-closed", /shutting down/));
  });

  test("refuses an event it could not read again, and goes on", async () => {
    const journal = await open();
    const chain = journal.begin("fed");
    const wrong = { kind: "note", text: 7 };
    // The compiler refuses this event; a caller's mistake must not make the journal unreadable all the same.
    const untyped: Chain<unknown> = { position: chain.position, append: chain.append };
    await assert.rejects(append(untyped, wrong), failsWith("journal-event", /Event 1 of fed/));
    await assert.rejects(
      chain.append("yesterday", [note("x")], (entries) => entries),
      failsWith("journal-event", /yesterday/),
    );
    await append(chain, note("right"));
    assert.deepEqual(await textsOf(journal, "fed"), ["right"]);
    await journal.close();
  });

  test("refuses a name that would leave its directory", async () => {
    const journal = await open();
    for (const id of ["../fed", "", "a/b", ".hidden", "x".repeat(101)])
      assert.throws(() => journal.begin(id), failsWith("journal-id", /cannot name/));
    await journal.close();
    assert.deepEqual(await readdir(directory), []);
  });

  test("begins no chain where there is one already", async () => {
    await withJournalOf([["one"]], async (fresh) => {
      await withJournal(fresh, async (journal) => {
        await assert.rejects(append(journal.begin("fed"), note("two")), failsWith("journal-write", /could not be/));
        assert.deepEqual(await textsOf(journal, "fed"), ["one"]);
      });
    });
  });
});

describe("opening a chain", () => {
  test("gives back any sequence of appends", async () => {
    await fc.assert(
      fc.asyncProperty(anyAppends, (appends) =>
        withJournalOf(appends, (fresh) =>
          withJournal(fresh, async (journal) => {
            assert.deepEqual(await textsOf(journal, "fed"), appends.flat());
          }),
        ),
      ),
      { numRuns: 30 },
    );
  });

  test("gives back lines that are longer than what is read at a time", async () => {
    const texts = ["x".repeat(200_000), "", "ü".repeat(70_000)];
    await withJournalOf([texts, ["short"], texts], (fresh) =>
      withJournal(fresh, async (journal) => {
        assert.deepEqual(await textsOf(journal, "fed"), [...texts, "short", ...texts]);
      }),
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
          await withJournal(fresh, async (journal) => {
            const { entries, chain } = await opened(journal, "fed");
            assert.deepEqual(
              entries.map(({ event }) => event.text),
              appends.slice(0, -1).flat(),
            );
            assert.deepEqual(torn, keep === 0 ? [] : [{ file: "fed.jsonl", bytes: keep }]);
            assert.equal((await stat(file)).size, lastLine);
            await append(chain, note("after"));
            assert.deepEqual(await textsOf(journal, "fed"), [...appends.slice(0, -1).flat(), "after"]);
          });
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
          await withJournal(fresh, (journal) =>
            assert.rejects(opened(journal, "fed"), (error: unknown) => {
              assert(error instanceof JournalError);
              // A flipped version number reads as a later version: refused all the same.
              assert(error.code === "journal-damaged" || error.code === "journal-newer", error.code);
              assert.match(error.message, /fed\.jsonl.*line \d+/);
              return true;
            }),
          );
        }),
      ),
      { numRuns: 60 },
    );
  });

  test("refuses a line left out, a line put in, and another federation's file", async () => {
    await withJournalOf([["one"], ["two"], ["three"]], async (fresh) => {
      const file = join(fresh, "fed.jsonl");
      const [one = "", two = "", three = ""] = (await readFile(file, "utf8")).split("\n");
      await writeFile(join(fresh, "other.jsonl"), `${one}\n`);
      await withJournal(fresh, async (journal) => {
        await writeFile(file, `${one}\n${three}\n`);
        await assert.rejects(
          opened(journal, "fed"),
          failsWith("journal-damaged", /line 2: it does not follow the line before it/),
        );
        await writeFile(file, `${one}\n${two}\n${two}\n`);
        await assert.rejects(opened(journal, "fed"), failsWith("journal-damaged", /line 3/));
        await assert.rejects(opened(journal, "other"), failsWith("journal-damaged", /other\.jsonl.*line 1/));
      });
    });
  });

  test("refuses a file whose lines are of a later form, and leaves it as it is", async () => {
    const file = join(directory, "fed.jsonl");
    const later = `${JSON.stringify({ format: 2, novelty: true })}\nhalf a li`;
    await withJournal(directory, async (journal) => {
      await writeFile(file, later);
      await assert.rejects(opened(journal, "fed"), failsWith("journal-newer", /Start the version that wrote it/));
    });
    assert.equal(await readFile(file, "utf8"), later);
  });

  test("does not take other files for journals", async () => {
    await writeFile(join(directory, "README"), "not a journal");
    await withJournal(directory, async (journal) => assert.deepEqual(await journal.stored(), new Map()));
  });

  test("says so when the disk does not let it be read", async () => {
    await withJournal(directory, (journal) =>
      assert.rejects(opened(journal, "fed"), failsWith("journal-read", /could not be read/)),
    );
  });
});

describe("the events' vocabulary", () => {
  const openFirst = () =>
    openJournal({ directory, events: FIRST_NOTES, checkpoint: () => undefined, onTornLine: () => undefined });

  const written = async () => {
    const first = await openFirst();
    await append(first.begin("fed"), "one", "two");
    await first.close();
  };

  test("is written into each line, and an earlier one is read in the words of today's", async () => {
    await written();
    await withJournal(directory, async (journal) => {
      const { chain } = await opened(journal, "fed");
      await append(chain, note("three"));
      assert.deepEqual(await textsOf(journal, "fed"), ["one", "two", "three"]);
    });
    const lines = (await readFile(join(directory, "fed.jsonl"), "utf8")).trim().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).schema),
      [1, NOTES.schema],
    );
  });

  test("may not be a later one, and then nothing is changed", async () => {
    await withJournalOf([["one"]], async (fresh) => {
      const text = await readFile(join(fresh, "fed.jsonl"), "utf8");
      await writeFile(join(directory, "fed.jsonl"), text);
      const first = await openFirst();
      await assert.rejects(opened(first, "fed"), failsWith("journal-newer", /line 1: .* Start the version that wrote/));
      await first.close();
      assert.equal(await readFile(join(directory, "fed.jsonl"), "utf8"), text);
    });
  });

  test("may hold no event that nobody can read, nor one that cannot be put in today's words", async () => {
    const untyped = await openJournal<unknown>({
      directory,
      events: { schema: NOTES.schema, upcast: (stored) => stored, parse: (stored) => stored },
      checkpoint: () => undefined,
      onTornLine: () => undefined,
    });
    await append(untyped.begin("fed"), { kind: "from the future" });
    await untyped.close();
    const older = await openJournal<unknown>({
      directory,
      events: { schema: 1, upcast: (stored) => stored, parse: (stored) => stored },
      checkpoint: () => undefined,
      onTornLine: () => undefined,
    });
    await append(older.begin("old"), { kind: "not a text" });
    await older.close();
    await withJournal(directory, async (journal) => {
      for (const id of ["fed", "old"])
        await assert.rejects(opened(journal, id), failsWith("journal-event", new RegExp(`Event 1 of ${id} .*later`)));
    });
  });
});
