/** One zone's line to one of its daemons: few calls at once, and every call ends in time. */
import { Concurrency } from "../concurrency.ts";

const WHY = {
  deadline: "the deadline passed",
  closed: "the line was closed",
  held: "the line is being held",
} as const;

/** Why a call was ended from this side. */
export class Ended extends Error {
  override readonly name = "Ended";
  readonly why: keyof typeof WHY;

  constructor(why: keyof typeof WHY) {
    super(WHY[why]);
    this.why = why;
  }
}

interface CallLimiterOptions {
  /** oned has 15 places and as many in its queue: a zone must never see more of us than a few. */
  readonly inFlight: number;
  /** Milliseconds from asking until the answer is there whole, waiting for a place included. */
  readonly deadline: number;
  /** Milliseconds by a clock that nobody sets. */
  readonly clock?: () => number;
}

/** Of the deadline: with less left a call is not sent, for its answer would not be there in time and it may change something. */
const LEAST_LEFT = 0.1;

/** Milliseconds: whoever asks for a longer pause is asked again all the same. */
const LONGEST_HOLD = 120_000;

/** `first`: what keeps federations going. `last`: what people want to see; it has a smaller share and waits behind the rest. */
export type Rank = "first" | "last";

const PRIORITIES: Readonly<Record<Rank, number>> = { first: 4, last: 9 };

export class CallLimiter {
  readonly #limiter: Concurrency;
  /** Lets in what comes last, so that it never has all places. */
  readonly #share: Concurrency;
  readonly #deadline: number;
  readonly #running = new Set<AbortController>();
  readonly #clock: () => number;
  #heldUntil = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor({ inFlight, deadline, clock = () => performance.now() }: CallLimiterOptions) {
    this.#limiter = new Concurrency(inFlight);
    this.#share = new Concurrency(Math.max(1, Math.floor(inFlight / 2)));
    this.#deadline = deadline;
    this.#clock = clock;
  }

  /** Milliseconds for which no call is sent, as the other side asked: each fails at once, with `Ended`. */
  hold(pause: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, this.#clock() + Math.min(pause, LONGEST_HOLD));
  }

  /** Rejects with what `call` rejects with, or with `Ended`. For what comes last the deadline begins once it is let in. */
  run<T>(call: (signal: AbortSignal) => Promise<T>, rank: Rank = "first"): Promise<T> {
    return rank === "last" ? this.#share.run(() => this.#timed(call, rank)) : this.#timed(call, rank);
  }

  async #timed<T>(call: (signal: AbortSignal) => Promise<T>, rank: Rank): Promise<T> {
    if (this.#closed) throw new Ended("closed");
    const controller = new AbortController();
    const latest = this.#clock() + this.#deadline * (1 - LEAST_LEFT);
    const { signal } = controller;
    const timer = setTimeout(() => controller.abort(new Ended("deadline")), this.#deadline);
    this.#running.add(controller);
    const ended = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    const answered = this.#limiter.run(async () => {
      signal.throwIfAborted();
      if (this.#clock() > latest) throw new Ended("deadline");
      if (this.#clock() < this.#heldUntil) throw new Ended("held");
      return await call(signal);
    }, PRIORITIES[rank]);
    // Once the call has been given up, nobody waits for what becomes of it.
    answered.catch(() => undefined);
    try {
      return await Promise.race([answered, ended]);
    } finally {
      clearTimeout(timer);
      this.#running.delete(controller);
    }
  }

  /** Ends what is under way, with `Ended`; what comes later is refused. */
  close(): void {
    this.#closed = true;
    for (const controller of this.#running) controller.abort(new Ended("closed"));
  }
}
