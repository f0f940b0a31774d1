import { cdataElement, element } from "../xml.ts";

/** A vector attribute such as NIC or CONTEXT. */
export type Vector = ReadonlyMap<string, string>;

export type Attribute = string | Vector;

/** OpenNebula's template: names are upper case and may repeat; the order of names is that of the alphabet. */
export type Attributes = Map<string, Attribute[]>;

/** The last plain value of that name. */
export function textOf(attributes: Attributes, name: string): string | undefined {
  const values = attributes.get(name)?.filter((value) => typeof value === "string");
  return values?.at(-1);
}

export function vectorsOf(attributes: Attributes, name: string): Vector[] {
  return (attributes.get(name) ?? []).filter((value) => typeof value !== "string");
}

export function setText(attributes: Attributes, name: string, value: string): void {
  attributes.set(name, [value]);
}

/** What `one.vm.update` with 1 does: every name that is given replaces all there were of that name. */
export function merged(base: Attributes, added: Attributes): Attributes {
  return new Map([...base, ...added]);
}

export function vector(entries: Readonly<Record<string, string | undefined>>): Vector {
  const known = new Map<string, string>();
  for (const [name, value] of Object.entries(entries)) {
    if (value !== undefined) known.set(name, value);
  }
  return known;
}

/** The elements inside TEMPLATE or USER_TEMPLATE: sorted by name, every value in CDATA. */
export function attributesXml(attributes: Attributes): string {
  return sortedByName(attributes)
    .flatMap(([name, values]) => values.map((value) => attributeXml(name, value)))
    .join("");
}

export function vectorXml(name: string, value: Vector): string {
  return element(name, ...sortedByName(value).map(([key, text]) => cdataElement(key, text)));
}

function attributeXml(name: string, value: Attribute): string {
  return typeof value === "string" ? cdataElement(name, value) : vectorXml(name, value);
}

function sortedByName<Value>(entries: Iterable<readonly [string, Value]>): (readonly [string, Value])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
}

/** The same as nested JSON: what OneGate shows and what the control API answers with. */
export function attributesJson(attributes: Attributes): Record<string, JsonAttribute> {
  const json: Record<string, JsonAttribute> = {};
  for (const [name, values] of sortedByName(attributes)) {
    const shown = values.map((value) => (typeof value === "string" ? value : Object.fromEntries(sortedByName(value))));
    json[name] = shown.length === 1 && shown[0] !== undefined ? shown[0] : shown;
  }
  return json;
}

export type JsonAttribute = string | Record<string, string> | (string | Record<string, string>)[];

/**
 * The JSON of a OneFlow role's `template_contents`: objects become vectors, lists become repeated names. OneFlow writes
 * it as template text on the way, which costs blanks at the ends and puts a comma before a newline inside a vector.
 */
export function attributesFromJson(json: Readonly<Record<string, unknown>>): Attributes {
  const attributes: Attributes = new Map();
  for (const [name, value] of Object.entries(json)) {
    const values = Array.isArray(value) ? value : [value];
    attributes.set(attributeName(name), values.map(attributeFromJson));
  }
  return attributes;
}

function attributeFromJson(value: unknown): Attribute {
  if (typeof value !== "object" || value === null) return String(value ?? "").trim();
  const entries = Object.entries(value);
  return new Map(entries.map(([key, text]) => [attributeName(key), String(text).trim().replaceAll("\n", ",\n")]));
}

/** Names are upper case, and XML could not begin one with a digit. */
export function attributeName(given: string): string {
  return given.replace(/^(?=\d)/, "ONE_").toUpperCase();
}
