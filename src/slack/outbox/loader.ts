/** Reads what stands in Slack of federations, a few at a time, and again until it succeeds: nothing is sent before. */
import type { FederationId } from "../../federation/model/identity.ts";
import type { Log, ReceiptBook, Receipts } from "../../federation/ports.ts";
import type { Clock } from "./clock.ts";
import { backoff, type Pace } from "./pace.ts";

export interface LoaderOptions {
  readonly receipts: Receipts;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly log: Log;
  readonly onRead: (federation: FederationId, standing: ReceiptBook) => void;
}

const AT_ONCE = 8;

export class Loader {
  readonly #options: LoaderOptions;
  /** How often reading has failed, by federation that is not read yet. */
  readonly #wanted = new Map<FederationId, number>();
  readonly #queue: FederationId[] = [];
  #reading = 0;
  #isStopped = false;
  readonly #timers = new Set<() => void>();

  constructor(options: LoaderOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#wanted.size === 0;
  }

  load(federation: FederationId): void {
    if (this.#wanted.has(federation)) return;
    this.#wanted.set(federation, 0);
    this.#queue.push(federation);
    this.#next();
  }

  stop(): void {
    this.#isStopped = true;
    for (const callOff of this.#timers) callOff();
  }

  #next(): void {
    while (!this.#isStopped && this.#reading < AT_ONCE) {
      const federation = this.#queue.shift();
      if (federation === undefined) return;
      this.#reading += 1;
      void this.#read(federation).finally(() => {
        this.#reading -= 1;
        this.#next();
      });
    }
  }

  async #read(federation: FederationId): Promise<void> {
    const { receipts, log, onRead } = this.#options;
    try {
      const standing = await receipts.read(federation);
      this.#wanted.delete(federation);
      if (!this.#isStopped) onRead(federation, standing);
    } catch (error) {
      log.error({ err: error, federation }, "What stands in Slack could not be read; nothing is sent until it can.");
      this.#tryAgain(federation);
    }
  }

  #tryAgain(federation: FederationId): void {
    const { clock, pace } = this.#options;
    const failures = (this.#wanted.get(federation) ?? 0) + 1;
    this.#wanted.set(federation, failures);
    const callOff = clock.after(backoff(pace, failures), () => {
      this.#timers.delete(callOff);
      this.#queue.push(federation);
      this.#next();
    });
    this.#timers.add(callOff);
  }
}
