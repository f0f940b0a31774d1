/** Messages that one channel takes at once before it is held to one a second. */
const CHANNEL_BURST = 4;
const MINUTE_MS = 60_000;

/** Token buckets: one per method (calls a minute, by its tier) and one per channel (a message a second). */
export interface Rates {
  /** Takes one call; answers 0 if it is allowed, else after how many milliseconds it would be. */
  readonly call: (method: string, perMinute: number) => number;
  readonly post: (channel: string) => number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** @param speedNow how many times faster than Slack the buckets fill */
export function createRates(enabled: boolean, speedNow: () => number): Rates {
  const buckets = new Map<string, Bucket>();
  const take = (key: string, capacity: number, perMs: number) => {
    if (!enabled) return 0;
    const now = Date.now();
    const speed = speedNow();
    const bucket = buckets.get(key) ?? { tokens: capacity, at: now };
    bucket.tokens = Math.min(capacity, bucket.tokens + (now - bucket.at) * perMs * speed);
    bucket.at = now;
    buckets.set(key, bucket);
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / (perMs * speed));
    bucket.tokens -= 1;
    return 0;
  };
  return {
    call: (method, perMinute) =>
      perMinute === Number.POSITIVE_INFINITY ? 0 : take(`method ${method}`, perMinute, perMinute / MINUTE_MS),
    post: (channel) => take(`channel ${channel}`, CHANNEL_BURST, 1 / 1000),
  };
}
