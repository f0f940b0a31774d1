/** What the store needs of the journal: chains of durable events, one per federation. */

/** Where a chain stands: its last event, the hash of its last line, and where in the file that line lies. */
export interface Position {
  /** Number of the last event; 0: none yet. */
  readonly seq: number;
  /** Hash of the last line: whoever knows it can tell whether anything before it was changed. */
  readonly hash: string;
  /** Bytes from the file's beginning to where the last line begins, and to where it ends. */
  readonly start: number;
  readonly end: number;
}

/** One event as it stands in the journal. */
export interface Entry<E> {
  /** Number of the event in its federation's journal, from 1 without gaps. */
  readonly seq: number;
  /** ISO time in UTC. */
  readonly at: string;
  readonly event: E;
}

/** One federation's chain, open for appending. It remembers where it stands and nothing of what it holds. */
export interface Chain<E> {
  readonly position: Position;
  /**
   * Appends all events as one unit, after every earlier append to this chain, and returns what `accept` made of them
   * once they are durable. If `accept` throws or the disk fails, nothing has changed. `at` is an ISO time in UTC.
   */
  append<T>(at: string, events: readonly E[], accept: (entries: readonly Entry<E>[]) => T): Promise<T>;
}

/** Takes the entries of one line, oldest line first. */
export type Take<E> = (entries: readonly Entry<E>[]) => void;

export interface EventLog<E> {
  /** Every chain there is, with its size in bytes. */
  stored(): Promise<ReadonlyMap<string, number>>;
  /** A chain of which nothing is stored yet. */
  begin(id: string): Chain<E>;
  /**
   * Reads a chain after `from`, or all of it, and opens it for appending; a last line that was cut off is dropped. Null:
   * what is stored does not hold `from`. Throws `JournalError` when the chain cannot be used.
   */
  open(id: string, from: Position | null, take: Take<E>): Promise<Chain<E> | null>;
  /** The same without changing anything, at most up to `end` bytes; gives where it came to. */
  read(id: string, from: Position | null, take: Take<E>, end?: number): Promise<Position | null>;
}
