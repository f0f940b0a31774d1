/** Durations as people write them: `7 days`, `90 s`, `500 ms`. */
import { type Reading, readText } from "./shape.ts";

const MILLISECOND = 1;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS: Readonly<Record<string, number>> = {
  ms: MILLISECOND,
  s: SECOND,
  second: SECOND,
  seconds: SECOND,
  min: MINUTE,
  minute: MINUTE,
  minutes: MINUTE,
  h: HOUR,
  hour: HOUR,
  hours: HOUR,
  day: DAY,
  days: DAY,
  week: 7 * DAY,
  weeks: 7 * DAY,
};

const FORM = /^(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]+)$/;

/** Node's timers take no more than 24.8 days; what is waited for by a timer stays far below. */
const LONGEST_WAIT = { milliseconds: DAY, words: "1 day" };
const LONGEST_TERM = { milliseconds: 3650 * DAY, words: "3650 days" };

/** A duration in whole milliseconds that a timer waits for. */
export const wait = (fallback: string) => duration(fallback, LONGEST_WAIT);

/** A duration in whole milliseconds that is compared with the calendar. */
export const term = (fallback: string) => duration(fallback, LONGEST_TERM);

function duration(fallback: string, longest: typeof LONGEST_WAIT) {
  const remedy = `Give a number and one of the units ms, s, min, h, days, such as \`${fallback}\`, at most ${longest.words}.`;
  return readText(remedy, (written) => parseDuration(written, longest.milliseconds)).prefault(fallback);
}

function parseDuration(written: string, longest: number): Reading<number> {
  const [, amount = "", unit = ""] = FORM.exec(written.trim().toLowerCase()) ?? [];
  const size = UNITS[unit];
  if (size === undefined) return { ok: false, problem: `is "${written}", which is not a duration` };
  const value = Math.round(Number(amount) * size);
  if (value < 1) return { ok: false, problem: "is no time at all" };
  return value > longest ? { ok: false, problem: `is "${written}", which is too long` } : { ok: true, value };
}
