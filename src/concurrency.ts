/**
 * So many jobs at once. Bottleneck works out from the calendar when the next job may start: when that is set back an
 * hour, nothing would start for an hour. So it is made anew as soon as the calendar is seen to have gone back.
 */
import Bottleneck from "bottleneck";

/** Milliseconds: how often it is looked while jobs wait. */
const LOOK_EVERY = 1_000;
/** Milliseconds that the calendar may lag behind the steady clock without having been set. */
const TOLERANCE = 500;

/** Bottleneck's own: 0 goes first, 9 last. */
const USUAL_PRIORITY = 5;

const drift = (): number => Date.now() - performance.now();

interface Waiting {
  readonly start: () => void;
  readonly priority: number;
}

export class Concurrency {
  readonly #atOnce: number;
  readonly #waiting = new Set<Waiting>();
  #limiter: Bottleneck;
  #drift = drift();
  #watch: NodeJS.Timeout | undefined;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
    this.#limiter = new Bottleneck({ maxConcurrent: atOnce });
  }

  /** Rejects with what the job rejects with. */
  run<T>(job: () => Promise<T>, priority: number = USUAL_PRIORITY): Promise<T> {
    this.#look();
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        priority,
        start: () => {
          this.#schedule(entry, () => job().then(resolve, reject));
        },
      };
      this.#waiting.add(entry);
      this.#watch ??= setInterval(() => this.#look(), LOOK_EVERY).unref();
      entry.start();
    });
  }

  /** Each job runs once, in whichever limiter lets it in first. */
  #schedule(entry: Waiting, job: () => Promise<void>): void {
    const started = this.#limiter.schedule({ priority: entry.priority }, async () => {
      if (!this.#waiting.delete(entry)) return;
      if (this.#waiting.size === 0) {
        clearInterval(this.#watch);
        this.#watch = undefined;
      }
      await job();
    });
    // A limiter that was replaced drops what it had not let in; its successor does.
    started.catch(() => undefined);
  }

  #look(): void {
    const now = drift();
    const wentBack = now < this.#drift - TOLERANCE;
    this.#drift = now;
    if (!wentBack) return;
    const stuck = this.#limiter;
    this.#limiter = new Bottleneck({ maxConcurrent: this.#atOnce });
    for (const { start } of [...this.#waiting]) start();
    stuck.stop({ dropWaitingJobs: true }).catch(() => undefined);
  }
}
