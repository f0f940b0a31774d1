/** How tests wait: for the thing itself, so long that only what never comes is missed, also on a busy machine. */
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";

/** No test passes or fails by how soon something came: this only ends a test whose thing never comes. */
export const WAIT_LIMIT_MS = 300_000;

const LOOK_EVERY_MS = 100;

/**
 * Looks ten times a second until what is seen holds, and returns it.
 *
 * A look that fails fails the wait. Where that is part of the way, such as with a process between death and start, the
 * look itself says what it saw instead.
 *
 * @throws Error after five minutes, with what was seen last
 */
export async function until<Seen>(
  what: string,
  look: () => Seen | Promise<Seen>,
  holds: (seen: Seen) => boolean = Boolean,
): Promise<Seen> {
  const end = performance.now() + WAIT_LIMIT_MS;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > end) throw new Error(neverCame(what, seen));
    await pause(LOOK_EVERY_MS);
  }
}

/** As `until`, for what is there or not. */
export async function eventually<Found>(
  what: string,
  find: () => Found | undefined | Promise<Found | undefined>,
): Promise<Found> {
  const found = await until(what, find, (one) => one !== undefined);
  if (found === undefined) throw new Error(neverCame(what, found));
  return found;
}

const neverCame = (what: string, seen: unknown): string =>
  `Waited ${WAIT_LIMIT_MS / 60_000} minutes in vain for ${what}. Last seen: ${inspect(seen, { depth: 6, breakLength: 120 })}`;
