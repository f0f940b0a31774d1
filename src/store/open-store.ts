/**
 * The store, whole, in one directory: `<id>.jsonl` are the federations' chains, the only thing that cannot be made anew
 * beside `receipts/<id>.json`; `snapshots/<id>.json` and `index.json` are caches.
 */
import { access, constants, stat } from "node:fs/promises";
import { join } from "node:path";
import { makePrivateDirectory } from "../durable-directory.ts";
import type { FederationEvent } from "../federation/model/events.ts";
import type { Checkpoint, Receipts } from "../federation/ports.ts";
import { FederationStore, type StoreOptions } from "./federation-store.ts";
import { openIndexFile } from "./index-file.ts";
import { openJournal, type Vocabulary } from "./journal.ts";
import { JournalError } from "./journal-error.ts";
import { ReceiptFiles } from "./receipt-files.ts";
import { SnapshotFiles } from "./snapshots.ts";

export interface OpenStoreOptions extends StoreOptions {
  /** Made if missing. One process at a time: others are refused. */
  readonly directory: string;
  readonly events: Vocabulary<FederationEvent>;
  /** Number of the state's shape: snapshots of another one are made anew. */
  readonly stateSchema: number;
  readonly checkpoint: Checkpoint;
}

export interface Store {
  readonly federations: FederationStore;
  readonly receipts: Receipts;
  /** Why nothing can be journalled now, as a sentence; null where it can. */
  trouble(): Promise<string | null>;
  /** Resolves when something could not be written because the directory is gone: it comes back with another start only. */
  readonly lost: Promise<JournalError>;
  /** Waits for what is under way, writes what may lag, and gives the directory free. */
  close(): Promise<void>;
}

/** Throws `JournalError` when the directory cannot be used or another process has it. */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { directory, events, checkpoint, log } = options;
  let onFailure = (): void => undefined;
  const journal = await openJournal({
    directory,
    events,
    checkpoint,
    onFailure: () => onFailure(),
    onTornLine: (torn) => log.warn(torn, "a line that was never acknowledged was dropped from a journal"),
  });
  try {
    const opened = await stat(directory);
    const lost = new Promise<JournalError>((resolve) => {
      onFailure = () => {
        void directoryTrouble(directory, opened).then((trouble) => {
          if (trouble !== null) resolve(new JournalError("journal-lost", trouble));
        });
      };
    });
    const [snapshots, books] = [join(directory, "snapshots"), join(directory, "receipts")];
    await makePrivateDirectory(snapshots);
    await makePrivateDirectory(books);
    const parts = {
      events: journal,
      snapshots: new SnapshotFiles(snapshots, options.stateSchema),
      index: openIndexFile(join(directory, "index.json")),
    };
    const federations = await FederationStore.open(parts, options);
    const receipts = new ReceiptFiles({ directory: books, checkpoint, log });
    return {
      federations,
      receipts,
      lost,
      trouble: async () => journal.failure?.message ?? (await directoryTrouble(directory, opened)),
      async close() {
        await receipts.idle();
        await federations.close();
        await journal.close();
      },
    };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** A directory that was moved away, or a disk that is not mounted any more, takes what is written with it. */
async function directoryTrouble(
  directory: string,
  opened: { readonly dev: number; readonly ino: number },
): Promise<string | null> {
  try {
    const now = await stat(directory);
    await access(directory, constants.W_OK);
    return now.ino === opened.ino && now.dev === opened.dev
      ? null
      : `The data directory ${directory} is not the one that the bot has opened.`;
  } catch (error) {
    return `The data directory ${directory} cannot be used any more (${error instanceof Error ? error.message : String(error)}).`;
  }
}
