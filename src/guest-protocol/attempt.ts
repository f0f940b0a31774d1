import { accepted, type Decoded, refused } from "./decoded.ts";

/**
 * One attempt to carry out one site of a plan. It travels as `FL_ATTEMPT`, and is how the bot knows its own services
 * and VMs after a crash: OneFlow has no idempotency key and allows equal names.
 */
export type Attempt = {
  readonly federation: string;
  readonly site: string;
  /** The first twelve hexadecimal digits, lower case, of the site's digest. */
  readonly digest12: string;
  /** Counts from 1, by one for every attempt at this site. */
  readonly sequence: number;
};

const IDENTIFIER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const DIGEST12 = /^[0-9a-f]{12}$/;
const SEQUENCE = /^[1-9][0-9]{0,8}$/;

/** Whether a text can be `FL_FEDERATION` or `FL_SITE`: 1 to 63 letters, digits, dots, underscores and hyphens. */
export function isIdentifier(text: string): boolean {
  return IDENTIFIER.test(text);
}

/** @throws RangeError when a part could not be read back by {@link parseAttempt}. */
export function formatAttempt(attempt: Attempt): string {
  const text = `${attempt.federation}/${attempt.site}/${attempt.digest12}/${attempt.sequence}`;
  if (!parseAttempt(text).ok) {
    throw new RangeError(`${JSON.stringify(text)} is not an attempt: federation/site/12 hexadecimal digits/sequence.`);
  }
  return text;
}

export function parseAttempt(text: string): Decoded<Attempt> {
  const [federation, site, digest12, sequence, ...rest] = text.split("/");
  if (federation === undefined || site === undefined || digest12 === undefined || sequence === undefined) {
    return refused("shape");
  }
  const wellFormed =
    rest.length === 0 &&
    isIdentifier(federation) &&
    isIdentifier(site) &&
    DIGEST12.test(digest12) &&
    SEQUENCE.test(sequence);
  return wellFormed ? accepted({ federation, site, digest12, sequence: Number(sequence) }) : refused("shape");
}
