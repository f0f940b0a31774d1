/** How fast Slack is talked to: so many calls of a method a minute, and rest where Slack asks for it. */
import Bottleneck from "bottleneck";
import { failureOf } from "../slack-error.ts";

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
const PER_MINUTE: Readonly<Record<string, number>> = {
  "chat.update": 50,
  "conversations.info": 50,
  "files.upload": 30,
  "files.info": 100,
};
const UNLISTED_PER_MINUTE = 300;
/** Slack lets a channel have a message a second: whoever keeps another interval has minutes in that proportion. */
const INTERVALS_A_MINUTE = 60;
/** Limiters look at their quota so often, in milliseconds. */
const TICK = 250;

export interface MethodPace {
  /** Makes the call in its turn. A rate-limited answer rests the method and is thrown on. */
  call<T>(method: string, make: () => Promise<T>): Promise<T>;
  /** Whether a call could be made at once; if not, the method rests for a moment. */
  isFree(method: string): Promise<boolean>;
  /** When the method may be called again, in milliseconds since the epoch; 0 for at once. */
  restsUntil(method: string): number;
  stop(): Promise<void>;
}

export function createMethodPace({ perChannel }: Pick<Pace, "perChannel">): MethodPace {
  const minute = TICK * Math.max(1, Math.ceil((INTERVALS_A_MINUTE * perChannel) / TICK));
  const limiters = new Map<string, Bottleneck>();
  const rests = new Map<string, number>();
  const limiterOf = (method: string): Bottleneck => {
    const known = limiters.get(method);
    if (known !== undefined) return known;
    const amount = PER_MINUTE[method] ?? UNLISTED_PER_MINUTE;
    const made = new Bottleneck({
      reservoir: amount,
      reservoirRefreshAmount: amount,
      reservoirRefreshInterval: minute,
      highWater: 10 * amount,
    });
    limiters.set(method, made);
    return made;
  };
  return {
    restsUntil: (method) => rests.get(method) ?? 0,
    async isFree(method) {
      if (await limiterOf(method).check()) return true;
      rests.set(method, Date.now() + TICK);
      return false;
    },
    async call(method, make) {
      try {
        return await limiterOf(method).schedule(make);
      } catch (error) {
        const failure = failureOf(error);
        if (failure.kind === "rate-limited") rests.set(method, Date.now() + failure.waitMs);
        throw error;
      }
    },
    async stop() {
      await Promise.all([...limiters.values()].map((limiter) => limiter.stop({ dropWaitingJobs: true })));
    },
  };
}
