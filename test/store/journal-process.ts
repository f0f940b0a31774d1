/** A process of its own with a journal open, for what only another process can show. Prints one JSON line per step. */
import { z } from "zod";
import { openJournal } from "../../src/store/journal.ts";
import { JournalError } from "../../src/store/journal-error.ts";

const AT = "2026-11-24T05:00:00.000Z";

const [directory = "", mode = "", dieAt = ""] = process.argv.slice(2);

const say = (step: object): void => {
  process.stdout.write(`${JSON.stringify(step)}\n`);
};

const errorCode = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : String(error));

let appends = 0;

const open = () =>
  openJournal({
    directory,
    parse: (stored) => z.string().parse(stored),
    checkpoint: (point) => {
      if (point === "journal:before-append") appends += 1;
      if (appends === 2 && point === dieAt) process.kill(process.pid, "SIGKILL");
    },
    onTornLine: (torn) => say({ torn }),
  });

/** Appends until the disk takes no more, then once more what still fits. */
const fill = async (): Promise<void> => {
  const journal = await open();
  for (let count = 0; count < 1000; count += 1) {
    try {
      await journal.append("fed", AT, ["x".repeat(3000), String(count)]);
    } catch (error) {
      const cause = error instanceof JournalError ? errorCode(error.cause) : undefined;
      say({ failed: errorCode(error), cause, kept: journal.read("fed").length, head: journal.head("fed").seq });
      break;
    }
  }
  const added = await journal.append("fed", AT, ["small"]);
  say({ added: added.map((entry) => entry.seq) });
  await journal.close();
};

const appendThree = async (): Promise<void> => {
  const journal = await open();
  for (const text of ["one", "two", "three"]) await journal.append("fed", AT, [text]);
  await journal.close();
};

const hold = async (): Promise<void> => {
  await open();
  say({ open: true });
  process.stdin.resume();
};

const MODES = new Map([
  ["fill", fill],
  ["hold", hold],
  ["append-three", appendThree],
]);

try {
  await MODES.get(mode)?.();
} catch (error) {
  say({ error: errorCode(error) });
}
