/**
 * How fast Slack is talked to: so many calls of a method a minute, and rest where Slack asks for it. Kept by hand on a
 * monotonic clock: Bottleneck times by the machine's clock, and stands still for an hour when that is set back an hour.
 */
import type { Clock } from "./clock.ts";

/** Milliseconds each. */
export interface Pace {
  /** Between two messages to the same channel. */
  readonly perChannel: number;
  /** A card is rewritten at most so often; what happens in between goes into one change. */
  readonly coalescing: number;
  /** First wait after a failure; doubled up to `longestRetry`. */
  readonly retry: number;
  readonly longestRetry: number;
  /** Before the second look whether Slack has shared an uploaded file; doubled from look to look. */
  readonly fileLook: number;
}

/** Calls a minute and workspace that Slack's tiers allow. `chat.postMessage` is limited by channel instead. */
const PER_MINUTE = {
  "chat.postMessage": 300,
  "chat.update": 50,
  "conversations.info": 50,
  "files.upload": 30,
  "files.info": 100,
} as const satisfies Record<string, number>;

export type Method = keyof typeof PER_MINUTE;

/** Whose message a call is for. However much ended federations have open, half of each minute is left to living ones. */
export type Standing = "living" | "ended";
const SHARE = { living: 1, ended: 0.5 } as const satisfies Record<Standing, number>;

/** Slack lets a channel have a message a second: whoever keeps another interval has minutes in that proportion. */
const INTERVALS_A_MINUTE = 60;
const LONGEST_WAIT_MS = 3_600_000;

/** Milliseconds before the next try after so many failures in a row. */
export const backoff = ({ retry, longestRetry }: Pace, failures: number): number =>
  Math.min(LONGEST_WAIT_MS, longestRetry, retry * 2 ** Math.min(failures - 1, 20));

export class MethodPace {
  readonly #clock: Clock;
  readonly #minute: number;
  readonly #rests = new Map<Method, number>();
  /** When the calls of the last minute were made, the oldest first. */
  readonly #calls = new Map<Method, number[]>();

  constructor(pace: Pick<Pace, "perChannel">, clock: Clock) {
    this.#clock = clock;
    this.#minute = INTERVALS_A_MINUTE * pace.perChannel;
  }

  /** From when on the method may be called, by the clock; in the past when it may be called at once. */
  freeAt(method: Method, standing: Standing): number {
    const calls = this.#calls.get(method) ?? [];
    const before = calls[calls.length - PER_MINUTE[method] * SHARE[standing]];
    const quota = before === undefined ? 0 : before + this.#minute;
    return Math.max(quota, this.#rests.get(method) ?? 0);
  }

  /** A call is about to be made. */
  note(method: Method): void {
    const now = this.#clock.now();
    const calls = this.#calls.get(method) ?? [];
    while (calls.length > 0 && (calls[0] ?? 0) + this.#minute <= now) calls.shift();
    calls.push(now);
    this.#calls.set(method, calls);
  }

  /** Slack asks for so many milliseconds without this method. */
  rest(method: Method, milliseconds: number): void {
    const until = this.#clock.now() + Math.min(LONGEST_WAIT_MS, milliseconds);
    this.#rests.set(method, Math.max(until, this.#rests.get(method) ?? 0));
  }
}
