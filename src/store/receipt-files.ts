/** Where messages stand in Slack: one book per federation, beside its journal and no part of it. */
import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { FederationId } from "../federation/model/identity.ts";
import type { Checkpoint, GivenUp, Log, Receipt, ReceiptBook, Receipts } from "../federation/ports.ts";
import { Book } from "./receipt-book.ts";
import { UnusableFileError } from "./sealed-file.ts";

export interface ReceiptFilesOptions {
  /** Must exist. */
  readonly directory: string;
  /** Called at `receipt:before-write` and `receipt:after-write` with the federation's id and the keys. */
  readonly checkpoint: Checkpoint;
  readonly log: Log;
  /** Books kept in memory; those asked for least lately leave it. */
  readonly most?: number;
}

const MOST = 200;

export class ReceiptFiles implements Receipts {
  readonly #options: ReceiptFilesOptions;
  /** Least lately asked for first. */
  readonly #shelf = new Map<FederationId, { readonly book: Promise<Book>; users: number }>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: ReceiptFilesOptions) {
    this.#options = options;
  }

  read(federation: FederationId): Promise<ReceiptBook> {
    return this.#with(federation, async (book) => book.content);
  }

  record(federation: FederationId, key: string, entry: Receipt | GivenUp): Promise<void> {
    return this.#change(federation, [key], (book) =>
      book.change((draft) => {
        if ("because" in entry) {
          draft.givenUp.set(key, entry);
        } else {
          draft.posted.set(key, entry);
          draft.givenUp.delete(key);
        }
      }),
    );
  }

  drop(federation: FederationId, keys: readonly string[]): Promise<void> {
    return this.#change(federation, keys, async (book) => {
      await book.change((draft) => {
        for (const key of keys) {
          draft.posted.delete(key);
          draft.givenUp.delete(key);
        }
      });
    });
  }

  /** Resolves when everything asked for so far is on disk or was refused by it. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  #change(federation: FederationId, keys: readonly string[], change: (book: Book) => Promise<void>): Promise<void> {
    const detail = [federation, ...keys].join(" ");
    const changing = this.#with(federation, async (book) => {
      await this.#options.checkpoint("receipt:before-write", detail);
      await change(book);
      await this.#options.checkpoint("receipt:after-write", detail);
    });
    this.#underWay.add(changing);
    return changing.finally(() => this.#underWay.delete(changing));
  }

  /** While somebody uses a book it stays, so that there are never two of one federation. */
  async #with<T>(federation: FederationId, use: (book: Book) => Promise<T>): Promise<T> {
    const place = this.#shelf.get(federation) ?? { book: this.#load(federation), users: 0 };
    this.#shelf.delete(federation);
    this.#shelf.set(federation, place);
    place.users += 1;
    try {
      return await use(await place.book);
    } finally {
      place.users -= 1;
      this.#makeRoom();
    }
  }

  #makeRoom(): void {
    let surplus = this.#shelf.size - (this.#options.most ?? MOST);
    for (const [federation, { users }] of this.#shelf) {
      if (surplus <= 0) return;
      if (users > 0) continue;
      this.#shelf.delete(federation);
      surplus -= 1;
    }
  }

  async #load(federation: FederationId): Promise<Book> {
    const path = join(this.#options.directory, `${federation}.json`);
    try {
      return await new Book(path).load();
    } catch (error) {
      if (!(error instanceof UnusableFileError)) {
        // The disk may be well again when somebody asks the next time.
        this.#shelf.delete(federation);
        throw error;
      }
      await rename(path, `${path}.damaged`);
      this.#options.log.error(
        { federation, err: error },
        `The receipts of ${federation} could not be read and were set aside as ${path}.damaged. Its messages in Slack are posted anew; older copies of them no longer change.`,
      );
      return new Book(path);
    }
  }
}
