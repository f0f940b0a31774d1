/** Seeded mutations: the same seed makes the same inputs again. */

import { times } from "../thoroughness.ts";

/** Another one is given by MUTATION_SEED; a failure names it. */
export const SEED = Number(process.env["MUTATION_SEED"] ?? 20_261_126);

/** Inputs of all kinds together. */
const INPUTS = 10_000;

export const inputs = (share: number): number => times(INPUTS * share);

export class Dice {
  #state: number;

  constructor(seed: number = SEED) {
    this.#state = seed >>> 0;
  }

  /** A whole number below `count`: mulberry32. */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  }

  of<T>(among: readonly T[]): T {
    const found = among[this.below(among.length)];
    if (found === undefined) throw new Error("There is nothing to choose from.");
    return found;
  }
}

/** What a value may be instead: nothing, numbers that nobody counts to, other shapes, texts that mean something elsewhere. */
export const ODD_TEXTS: readonly string[] = [
  ...["", " ", "?", "0", "-1", "1e999", "NaN", "9".repeat(400), "2147483648", "9007199254740993", "0x10", "1.5"],
  ...["\0", "\r\n", "\ud800", "\udc00x", "\u202e", "\u2028", "🌼".repeat(600), "x".repeat(70_000), "a\u0000b"],
  ...["<html><b>502</b></html>", "<!channel>", "<@UREQUESTER>", "*_~`", "&amp;&lt;", "]]>", "{}", "[]", "null", "true"],
  ...["__proto__", "constructor", "toString", "../../etc/passwd", "=".repeat(5000), "%00", "none", "YES", "\\u0000"],
];
const ODD: readonly unknown[] = [null, true, 7, -1, 1.5, 1e300, [], {}, [null], { "": { "": [] } }, ...ODD_TEXTS];

const LENGTHS = [0, 1, 1, 4, 40, 1000];

/** Bytes cut, doubled, replaced or put in between, once or a few times. */
export function mutatedBytes(dice: Dice, whole: Buffer, pieces: readonly string[]): Buffer {
  let bytes = whole;
  for (let times = dice.of([1, 1, 1, 2, 4]); times > 0; times -= 1) {
    const at = dice.below(bytes.length + 1);
    const end = Math.min(bytes.length, at + dice.of(LENGTHS));
    const cut = bytes.subarray(at, end);
    const ways: readonly (() => Buffer)[] = [
      () => Buffer.alloc(0),
      () => Buffer.concat([cut, cut]),
      () => Buffer.from(dice.of(pieces)),
      () => Buffer.from(Uint8Array.from(cut, () => dice.below(256))),
      () => Buffer.from(cut.map((byte) => byte ^ (1 << dice.below(8)))),
    ];
    // Now and then nothing comes after it.
    const rest = dice.below(8) === 0 ? Buffer.alloc(0) : bytes.subarray(end);
    bytes = Buffer.concat([bytes.subarray(0, at), dice.of(ways)(), rest]);
  }
  return bytes;
}

/** The same for a text, in which half of a character may stand then. */
export function mutatedText(dice: Dice, whole: string, pieces: readonly string[]): string {
  let text = whole;
  for (let times = dice.of([1, 1, 2, 4]); times > 0; times -= 1) {
    const at = dice.below(text.length + 1);
    const end = Math.min(text.length, at + dice.of(LENGTHS));
    const between = dice.of(["", text.slice(at, end).repeat(2), dice.of(pieces)]);
    text = text.slice(0, at) + between + text.slice(end);
  }
  return text;
}

type Holder = Record<string, unknown>;

const isHolder = (value: unknown): value is Holder => typeof value === "object" && value !== null;

const holders = (value: unknown): readonly Holder[] =>
  isHolder(value) ? [value, ...Object.values(value).flatMap(holders)] : [];

/** A copy of plain data in which something is missing, is something else, or is where another thing was. */
export function reshaped(dice: Dice, whole: unknown, odd: readonly unknown[] = ODD): unknown {
  const copy: unknown = structuredClone(whole);
  for (let times = dice.of([1, 1, 2, 5]); times > 0; times -= 1) {
    const places = holders(copy).flatMap((holder) => Object.keys(holder).map((name) => ({ holder, name })));
    if (places.length === 0) return copy;
    const { holder, name } = dice.of(places);
    const other = dice.of(places);
    const ways: readonly (() => void)[] = [
      () => delete holder[name],
      () => {
        holder[name] = dice.of(odd);
      },
      () => {
        holder[name] = structuredClone(other.holder[other.name]);
      },
      () => {
        holder[other.name] = holder[name];
      },
    ];
    dice.of(ways)();
  }
  return dice.below(20) === 0 ? dice.of(odd) : copy;
}

const LEAF = /<([A-Za-z_][\w.-]*)>[^<]*<\/\1>/g;
const ELEMENT = /<([A-Za-z_][\w.-]*)>/g;

/** Where an element begins and ends; more often one that holds a value than one that holds others. */
function elementIn(
  dice: Dice,
  xml: string,
): { readonly name: string; readonly from: number; readonly end: number } | null {
  const found = [...xml.matchAll(dice.below(4) === 0 ? ELEMENT : LEAF)];
  if (found.length === 0) return null;
  const { 1: name = "", index: from } = dice.of(found);
  const close = xml.indexOf(`</${name}>`, from);
  return close === -1 ? null : { name, from, end: close + name.length + 3 };
}

/** XML in which an element is missing, comes again, stands in another's place, or holds something odd. */
export function reshapedXml(dice: Dice, whole: string, odd: readonly string[]): string {
  let xml = whole;
  for (let times = dice.of([1, 1, 2, 5]); times > 0; times -= 1) {
    const place = elementIn(dice, xml);
    if (place === null) return xml;
    const { name, from, end } = place;
    const element = xml.slice(from, end);
    const filled = (): string => `<${name}>${dice.of(odd).replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</${name}>`;
    const ways: readonly (() => string)[] = [
      filled,
      filled,
      filled,
      () => "",
      () => element.repeat(element.length > 300 ? 2 : dice.of([2, 3, 300])),
      () => `<${name}><![CDATA[${dice.of(odd).replaceAll("]]>", "")}]]></${name}>`,
      () => `<${name}/>`,
      () => `<__proto__>${element}</__proto__>`,
    ];
    xml = xml.slice(0, from) + dice.of(ways)() + xml.slice(end);
  }
  return xml;
}
