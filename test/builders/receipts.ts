/** Receipts in memory that outlive whoever writes them, and can be made to fail. */
import type { FederationId } from "../../src/federation/model/identity.ts";
import type { GivenUp, Receipt, ReceiptBook, Receipts } from "../../src/federation/ports.ts";

interface Entries {
  readonly posted: Map<string, Receipt>;
  readonly givenUp: Map<string, GivenUp>;
}

export class MemoryReceipts implements Receipts {
  readonly #books = new Map<FederationId, Entries>();
  readonly #first: (readonly [FederationId, string])[] = [];
  /** Called before anything is read or written; what it throws is the answer. */
  obstacle: (act: "read" | "record" | "drop") => void = () => {};

  async read(federation: FederationId): Promise<ReceiptBook> {
    this.obstacle("read");
    const { posted, givenUp } = this.of(federation);
    return { posted: new Map(posted), givenUp: new Map(givenUp) };
  }

  async record(federation: FederationId, key: string, entry: Receipt | GivenUp): Promise<void> {
    this.obstacle("record");
    const { posted, givenUp } = this.of(federation);
    if ("because" in entry) {
      givenUp.set(key, entry);
      return;
    }
    if (!posted.has(key)) this.#first.push([federation, key]);
    posted.set(key, entry);
    givenUp.delete(key);
  }

  async drop(federation: FederationId, keys: readonly string[]): Promise<void> {
    this.obstacle("drop");
    for (const key of keys) {
      this.of(federation).posted.delete(key);
      this.of(federation).givenUp.delete(key);
    }
  }

  /** What is recorded at the moment. */
  of(federation: FederationId): Entries {
    const known = this.#books.get(federation) ?? { posted: new Map(), givenUp: new Map() };
    this.#books.set(federation, known);
    return known;
  }

  /** Keys of a federation in the order in which they came to stand. */
  firstRecorded(federation: FederationId): readonly string[] {
    return this.#first.flatMap(([of, key]) => (of === federation ? [key] : []));
  }
}
