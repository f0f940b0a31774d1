/** A process of its own with a journal open, for what only another process can show. Prints one JSON line per step. */
import { openJournal } from "../../src/store/journal.ts";
import { JournalError } from "../../src/store/journal-error.ts";
import { append, NOTES, note } from "./notes.ts";

const [directory = "", mode = "", dieAt = ""] = process.argv.slice(2);

const say = (step: object): void => {
  process.stdout.write(`${JSON.stringify(step)}\n`);
};

const errorCode = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : String(error));

let appends = 0;

const open = () =>
  openJournal({
    directory,
    events: NOTES,
    checkpoint: (point) => {
      if (point === "journal:before-append") appends += 1;
      if (appends === 2 && point === dieAt) process.kill(process.pid, "SIGKILL");
    },
    onTornLine: (torn) => say({ torn }),
  });

/** Appends until the disk takes no more, then once more what still fits. */
const fill = async (): Promise<void> => {
  const journal = await open();
  const chain = journal.begin("fed");
  for (let count = 0; count < 1000; count += 1) {
    try {
      await append(chain, note("x".repeat(3000)), note(String(count)));
    } catch (error) {
      const cause = error instanceof JournalError ? errorCode(error.cause) : undefined;
      say({ failed: errorCode(error), cause, kept: chain.position.seq });
      break;
    }
  }
  const added = await append(chain, note("small"));
  say({ added: added.map((entry) => entry.seq) });
  await journal.close();
};

const appendThree = async (): Promise<void> => {
  const journal = await open();
  const chain = journal.begin("fed");
  for (const text of ["one", "two", "three"]) await append(chain, note(text));
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
