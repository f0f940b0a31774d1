/** How often each zone is called: a minute of counts, in spans of equal length. */
const MINUTE_MS = 60_000;

interface Counted {
  total: number;
  /** The span that the newest count belongs to. */
  span: number;
  readonly spans: number[];
}

export class CallRates {
  readonly #spanMs: number;
  readonly #now: () => number;
  readonly #zones = new Map<string, Counted>();

  constructor(spanMs: number, now: () => number = Date.now) {
    this.#spanMs = spanMs;
    this.#now = now;
  }

  /** @param total calls since the stand-in's start */
  of(zone: string, total: number): { readonly calls: number[]; readonly callsPerMinute: number } {
    const span = Math.floor(this.#now() / this.#spanMs);
    const most = MINUTE_MS / this.#spanMs;
    const counted = this.#zones.get(zone) ?? { total, span, spans: Array.from({ length: most }, () => 0) };
    this.#zones.set(zone, counted);
    const passed = Math.min(span - counted.span, most);
    counted.spans.push(...Array.from({ length: passed }, () => 0));
    counted.spans.splice(0, passed);
    counted.spans[most - 1] = (counted.spans[most - 1] ?? 0) + total - counted.total;
    counted.total = total;
    counted.span = span;
    return { calls: [...counted.spans], callsPerMinute: counted.spans.reduce((sum, one) => sum + one, 0) };
  }
}
