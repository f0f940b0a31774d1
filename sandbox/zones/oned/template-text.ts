import { XMLParser, XMLValidator } from "fast-xml-parser";
import { type Attribute, type Attributes, attributeName, type Vector } from "./attributes.ts";
import { errorCode, OneError } from "./one-error.ts";

/** More than this is answered with success and forgotten; 4 MiB were seen to be kept, 16 MiB not. */
const FORGOTTEN_FROM_BYTES = 16 * 1024 * 1024;

/**
 * Reads OpenNebula's own template text (`NAME="value"`, `NAME=[A="1",B="2"]`) or its XML form.
 * As lax as the original: a quote that never closes is an ordinary character of a bare word. Values lose blanks at both
 * ends, and a name that begins with a digit gets `ONE_` in front.
 * Throws a OneError (2048) where the original has a parse error.
 */
export function parseTemplateText(text: string): Attributes {
  if (Buffer.byteLength(text) >= FORGOTTEN_FROM_BYTES) return new Map();
  if (text.trimStart().startsWith("<")) return fromXml(text);
  if (text.includes("]]>")) throw parseError("CDATA end mark in a value", 0);
  return new TemplateReader(text).read();
}

class TemplateReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Attributes {
    const attributes: Attributes = new Map();
    this.#skipSpaceAndComments();
    while (this.#at < this.#text.length) {
      const name = this.#name();
      const value: Attribute = this.#peek() === "[" ? this.#vector() : this.#value(/[^\s]+/y);
      attributes.set(name, [...(attributes.get(name) ?? []), value]);
      this.#skipSpaceAndComments();
    }
    return attributes;
  }

  #name(): string {
    const name = this.#match(/[A-Za-z_0-9]+/y);
    if (name === undefined) throw parseError("unexpected character, expecting VARIABLE", this.#at);
    this.#match(/\s*/y);
    if (this.#match(/=/y) === undefined) throw parseError("unexpected VARIABLE, expecting EQUAL", this.#at);
    this.#match(/[ \t]*/y);
    return attributeName(name);
  }

  #vector(): Vector {
    const entries = new Map<string, string>();
    this.#at += 1;
    this.#match(/\s*/y);
    while (this.#peek() !== "]") {
      if (this.#peek() === undefined) throw parseError("unexpected $end, expecting CBRACKET or VARIABLE", this.#at);
      const name = this.#name();
      entries.set(name, this.#value(/[^\s,\]]+/y));
      this.#match(/\s*,?\s*/y);
    }
    this.#at += 1;
    return entries;
  }

  #value(bareWord: RegExp): string {
    const quoted = this.#match(/"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y);
    if (quoted !== undefined) return quoted.slice(1, -1).replaceAll('\\"', '"').trim();
    const bare = this.#match(bareWord);
    if (bare === undefined) throw parseError("unexpected end of the value, expecting STRING or OBRACKET", this.#at);
    return bare;
  }

  #skipSpaceAndComments(): void {
    this.#match(/(?:\s+|#[^\n]*)*/y);
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

const xmlTemplate = new XMLParser({ parseTagValue: false, trimValues: false, ignoreAttributes: true });

function fromXml(text: string): Attributes {
  if (XMLValidator.validate(text) !== true) throw parseError("the XML is not well formed", 0);
  const parsed: unknown = xmlTemplate.parse(text);
  const root = Object.values(isRecord(parsed) ? parsed : {})[0];
  const attributes: Attributes = new Map();
  for (const [name, value] of Object.entries(isRecord(root) ? root : {})) {
    if (name === "#text") continue;
    attributes.set(attributeName(name), (Array.isArray(value) ? value : [value]).map(xmlAttribute));
  }
  return attributes;
}

function xmlAttribute(value: unknown): Attribute {
  if (!isRecord(value)) return String(value ?? "").trim();
  const entries = Object.entries(value).filter(([name]) => name !== "#text");
  return new Map(entries.map(([name, text]) => [attributeName(name), String(text).trim()]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseError(what: string, column: number): OneError {
  return new OneError(
    errorCode.action,
    `Parse error: syntax error, ${what} at line 1, columns ${column}:${column + 1}`,
  );
}
