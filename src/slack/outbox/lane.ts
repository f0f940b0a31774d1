/** One channel's sending: one message at a time, about one a second, whosever turn it is. */
import type { ChannelId } from "../../federation/model/identity.ts";
import type { Clock } from "./clock.ts";
import { backoff, type MethodPace, type Pace } from "./pace.ts";
import { type Place, Queue } from "./queue.ts";

export interface LaneOptions<Entry> {
  readonly channel: ChannelId;
  readonly pace: Pace;
  readonly methods: MethodPace;
  readonly clock: Clock;
  /** Sends something now; null when there turned out to be nothing to send. The next waits for the promise. */
  readonly carryOut: (entry: Entry) => Promise<void> | null;
}

const METHODS = { post: "chat.postMessage", rewrite: "chat.update" } as const;

export class Lane<Entry> {
  /** Why the channel takes nothing from the bot; null when it does, as far as is known. */
  closed: string | null = null;
  readonly channel: ChannelId;
  readonly #options: LaneOptions<Entry>;
  readonly #queue = new Queue<Entry>();
  #isBusy = false;
  #isStopped = false;
  #notBefore = 0;
  #failures = 0;
  #callOff: () => void = () => {};
  #isAboutToRun = false;

  constructor(options: LaneOptions<Entry>) {
    this.channel = options.channel;
    this.#options = options;
    this.#notBefore = options.clock.now();
  }

  get waiting(): number {
    return this.#queue.size;
  }

  add(entry: Entry, place: Place): void {
    this.#queue.add(entry, place);
    this.#runSoon();
  }

  delete(entry: Entry): void {
    this.#queue.delete(entry);
  }

  /** Slack was not reached. Answers for how many milliseconds the channel waits. */
  postpone(): number {
    this.#failures += 1;
    const wait = backoff(this.#options.pace, this.#failures);
    this.#notBefore = Math.max(this.#notBefore, this.#options.clock.now() + wait);
    return wait;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  reopen(): void {
    this.closed = null;
    this.#failures = 0;
    this.#notBefore = Math.min(this.#notBefore, this.#options.clock.now() + this.#options.pace.perChannel);
    this.#runSoon();
  }

  stop(): void {
    this.#isStopped = true;
    this.#callOff();
  }

  /** When all is there that is wanted at the moment: the first one added need not be the first one to go. */
  #runSoon(): void {
    if (this.#isAboutToRun) return;
    this.#isAboutToRun = true;
    queueMicrotask(() => {
      this.#isAboutToRun = false;
      this.#run();
    });
  }

  #run(): void {
    this.#callOff();
    const { clock, methods, carryOut, pace } = this.#options;
    while (!this.#isBusy && !this.#isStopped && !this.#queue.isEmpty) {
      const now = clock.now();
      const due = this.#dueAt();
      if (due > now) {
        this.#callOff = clock.after(due - now, () => this.#run());
        return;
      }
      const next = this.#queue.take((kind, standing) => methods.freeAt(METHODS[kind], standing) <= now);
      const sending = next === null ? null : carryOut(next);
      if (sending === null) continue;
      this.#notBefore = now + pace.perChannel;
      this.#isBusy = true;
      void sending.finally(() => {
        this.#isBusy = false;
        this.#run();
      });
    }
  }

  #dueAt(): number {
    const { methods } = this.#options;
    const free = this.#queue.held().map(({ kind, standing }) => methods.freeAt(METHODS[kind], standing));
    return Math.max(this.#notBefore, Math.min(...free));
  }
}
