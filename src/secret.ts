import { inspect } from "node:util";

const SHOWN = "[secret]";

/**
 * A value that must never reach a log, a message, the journal or an argument list. However it is printed it
 * reads `[secret]`; whoever needs the value says so by `reveal()`.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}

export interface Revealing {
  reveal(): string;
}

/** User and password as they go over the wire, where base64 makes one word of both. */
export const credential = (user: string, password: Revealing): Secret => new Secret(`${user}:${password.reveal()}`);

/**
 * Takes secrets out of texts that others wrote: as they are, and as base64, percent encoding, XML, JSON and mixtures
 * of these spell them. `clean` before a text is cut: half a secret is not found any more.
 */
export class Redactor {
  readonly #secrets: readonly Sought[];
  #learned: readonly Sought[] = [];

  constructor(secrets: Iterable<Revealing>) {
    const values = [...new Set([...secrets].map((secret) => secret.reveal()))].filter((value) => value !== "");
    this.#secrets = values.sort((one, other) => other.length - one.length).map((value) => new Sought(value));
  }

  /** A secret that there was not at the beginning, such as a login token. Of these only the newest are kept in mind. */
  learn(secret: Revealing): void {
    this.#learned = [new Sought(secret.reveal()), ...this.#learned].slice(0, MOST_LEARNED);
  }

  clean(text: string): string {
    const flat = flattened(text);
    return [...this.#learned, ...this.#secrets].reduce((clean, secret) => secret.outOf(clean, flat), text);
  }
}

/** Each is searched for in every text: those of a few accounts, with the one before, are enough. */
const MOST_LEARNED = 32;

/** One secret. Most texts hold none, which is quickly seen; how it may be spelled is worked out when it is in one. */
class Sought {
  readonly #value: string;
  readonly #flat: readonly string[];
  #spellings: readonly RegExp[] | undefined;

  constructor(value: string) {
    this.#value = value;
    this.#flat = [value, ...innerBase64(value)].map(flattened);
  }

  /** `flat` is the text, flattened. */
  outOf(text: string, flat: string): string {
    if (!text.includes(this.#value) && !this.#flat.some((form) => flat.includes(form))) return text;
    this.#spellings ??= [spelled(this.#value), ...base64Forms(this.#value)].map(
      // What was taken out before stays as it is, even where a secret reads like it.
      (form) => new RegExp(`${literal(SHOWN)}|${form}`, "g"),
    );
    return this.#spellings.reduce((clean, spelling) => clean.replace(spelling, SHOWN), text);
  }
}

const ROUNDS = 4;

/** A text with every escaping undone and all left out that encodings put in or take for another: for a first glance only. */
function flattened(text: string): string {
  let flat = bytes(text);
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = flat;
    flat = unescaped(before);
    if (flat === before) break;
  }
  return flat.replace(/\\+[rn]?|[\s+-]/g, "").replaceAll("_", "/");
}

const unescaped = (text: string): string =>
  text
    .replace(/%(?:25)*([0-9a-f]{2})/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/(?:\\+u[0-9a-f]{4})+/gi, (units) =>
      bytes(units.replace(/\\+u(.{4})/gi, (_all, code: string) => unit(code))),
    )
    .replace(/&(?:amp;)*#x([0-9a-f]{1,6});/gi, (_all, code: string) => point(Number.parseInt(code, 16)))
    .replace(/&(?:amp;)*#(\d{1,7});/g, (_all, code: string) => point(Number(code)))
    .replace(/&(?:amp;)*(amp|lt|gt|quot|apos);/g, (_all, name: string) => ENTITIES[name] ?? "");

const unit = (code: string): string => String.fromCharCode(Number.parseInt(code, 16));
const point = (code: number): string => (code > 0x10_ff_ff ? "" : bytes(String.fromCodePoint(code)));

/** One character for each byte of UTF-8, as percent encoding counts. */
const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const NAMED_ENTITIES: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" };

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

const hexadecimal = (value: number, digits: number): string =>
  [...value.toString(16).padStart(digits, "0")]
    .map((digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit))
    .join("");

/** A pattern for every way in which one character may be written. */
function character(written: string): string {
  const code = written.codePointAt(0) ?? 0;
  const name = NAMED_ENTITIES[written];
  const units = [...Array(written.length).keys()].map((index) => written.charCodeAt(index));
  const ways = [
    literal(written),
    // `%25` and `&amp;` again and again: what was escaped was escaped before.
    [...Buffer.from(written, "utf8")].map((byte) => `%(?:25)*${hexadecimal(byte, 2)}`).join(""),
    `&(?:amp;)*#0*${code};`,
    `&(?:amp;)*#[xX]0*${hexadecimal(code, 1)};`,
    units.map((unit) => `\\\\+u${hexadecimal(unit, 4)}`).join(""),
    ...(name === undefined ? [] : [`&(?:amp;)*${name};`]),
    ...(written === " " ? ["\\+"] : []),
    ...(/["'/\\]/.test(written) ? [`\\\\+${literal(written)}`] : []),
  ];
  return `(?:${ways.join("|")})`;
}

const spelled = (text: string): string => [...text].map(character).join("");

const base64Forms = (value: string): readonly string[] => [
  `${wrapped(Buffer.from(value, "utf8").toString("base64").replace(/=+$/, ""))}(?:${character("=")}){0,2}`,
  ...innerBase64(value).map(wrapped),
];

/**
 * Base64 may be of the secret alone or of something around it: then its characters depend on where in it the secret
 * stands, and the first and the last of them also hold bits of what stands around.
 */
function innerBase64(value: string): readonly string[] {
  const secret = Buffer.from(value, "utf8");
  const inner = [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), secret])
      .toString("base64")
      .replace(/=+$/, "");
    return whole.slice(before === 0 ? 0 : before + 1, (before + secret.length) % 3 === 0 ? undefined : -1);
  });
  return inner.filter((form) => form.length >= SHORTEST_BASE64);
}

/** Fewer characters of base64 stand in any text by chance. */
const SHORTEST_BASE64 = 4;

/** Base64 in either alphabet, and broken into lines. */
const wrapped = (base64: string): string =>
  [...base64]
    .map((digit) => {
      const also = { "+": "-", "/": "_" }[digit];
      return also === undefined ? character(digit) : `(?:${character(digit)}|${character(also)})`;
    })
    .join("(?:\\s|\\\\[rn]|&#1[03];)*");
