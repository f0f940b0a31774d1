/** The receipts of one federation: changes of one turn are written together, and count once they are on disk. */
import { Low } from "lowdb";
import { z } from "zod";
import { channelId } from "../federation/model/identity.ts";
import type { GivenUp, Receipt, ReceiptBook } from "../federation/ports.ts";
import { SealedFile } from "./sealed-file.ts";

const SCHEMA = 1;

const receipt = z.strictObject({
  channel: channelId,
  ts: z.string(),
  content: z.string(),
  file: z.string().exactOptional(),
});
const givenUp = z.strictObject({ channel: channelId, because: z.string(), content: z.string() });

/** Pairs, not members: a key may be any text. */
const bookShape = z
  .strictObject({
    posted: z.array(z.tuple([z.string(), receipt])),
    givenUp: z.array(z.tuple([z.string(), givenUp])),
  })
  .transform((stored): ReceiptBook => ({ posted: new Map(stored.posted), givenUp: new Map(stored.givenUp) }));

const EMPTY: ReceiptBook = { posted: new Map(), givenUp: new Map() };

/** What a change works on: a copy that becomes the book once it is written. */
interface Draft {
  readonly posted: Map<string, Receipt>;
  readonly givenUp: Map<string, GivenUp>;
}
type Change = (draft: Draft) => void;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Book {
  readonly #file: Low<ReceiptBook>;
  #content: ReceiptBook = EMPTY;
  #changes: Change[] = [];
  /** The writing that takes the changes asked for now; null when none is waiting. */
  #next: Promise<void> | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#file = new Low<ReceiptBook>(
      new SealedFile<ReceiptBook>({
        path,
        schema: SCHEMA,
        durable: true,
        encode: (book) => ({ posted: [...book.posted], givenUp: [...book.givenUp] }),
        decode: (stored) => bookShape.parse(stored),
      }),
      EMPTY,
    );
  }

  /** Throws `UnusableFileError` when there is one that cannot be used. */
  async load(): Promise<this> {
    await this.#file.read();
    this.#content = this.#file.data;
    return this;
  }

  /** What is on disk; a change makes another one. */
  get content(): ReceiptBook {
    return this.#content;
  }

  /** Resolves when the change is on disk; rejects, with nothing changed, when the disk does not take it. */
  change(change: Change): Promise<void> {
    this.#changes.push(change);
    this.#next ??= this.#writeNext();
    return this.#next;
  }

  #writeNext(): Promise<void> {
    const writing = this.#last.then(turn).then(() => this.#write());
    this.#last = writing.catch(() => undefined);
    return writing;
  }

  async #write(): Promise<void> {
    const changes = this.#changes;
    this.#changes = [];
    this.#next = null;
    const draft = { posted: new Map(this.#content.posted), givenUp: new Map(this.#content.givenUp) };
    for (const change of changes) change(draft);
    this.#file.data = draft;
    await this.#file.write();
    this.#content = draft;
  }
}
