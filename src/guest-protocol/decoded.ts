import type { ZodType } from "zod";
import { isAttributeValue, MAX_VALUE_BYTES } from "./alphabets.ts";

/**
 * Why a foreign value was not taken:
 * `too-large` over 64 kB; `alphabet` a character that may not cross; `encoding` not canonical base64, UTF-8 or JSON;
 * `schema` a newer or missing schema number; `shape` another form than this attribute has; `digest` incomplete or altered.
 */
export type DecodeRefusal = "too-large" | "alphabet" | "encoding" | "schema" | "shape" | "digest";

/** Foreign text either became a value or is refused with a code; decoding never throws. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: DecodeRefusal };

export function accepted<T>(value: T): Decoded<T> {
  return { ok: true, value };
}

export function refused<T>(reason: DecodeRefusal): Decoded<T> {
  return { ok: false, reason };
}

/** Holds a plain attribute value to the size and the alphabet before anything looks at its content. */
export function checkAttribute(value: string): Decoded<string> {
  if (value.length > MAX_VALUE_BYTES) {
    return refused("too-large");
  }
  return isAttributeValue(value) ? accepted(value) : refused("alphabet");
}

/** Strict base64 (RFC 4648 section 4, padded) of UTF-8 text; one text has exactly one encoding. */
export function decodeBase64Text(value: string): Decoded<string> {
  const checked = checkAttribute(value);
  if (!checked.ok) {
    return checked;
  }
  const bytes = Buffer.from(value, "base64");
  if (value === "" || bytes.toString("base64") !== value) {
    return refused("encoding");
  }
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) ? accepted(text) : refused("encoding");
}

/** @throws RangeError when the result would be over 64 kB: the caller put more into one value than can cross. */
export function encodeBase64Text(text: string): string {
  const value = Buffer.from(text, "utf8").toString("base64");
  if (value.length > MAX_VALUE_BYTES) {
    throw new RangeError(`A value of ${value.length} bytes cannot cross; the limit is ${MAX_VALUE_BYTES}.`);
  }
  return value;
}

const SCHEMA = 1;

/** Base64 of compact JSON whose first member is `"schema":1`. */
export function encodeStructured(members: Record<string, unknown>): string {
  return encodeBase64Text(JSON.stringify({ schema: SCHEMA, ...members }));
}

export function decodeStructured<T>(value: string, shape: ZodType<T>): Decoded<T> {
  const text = decodeBase64Text(value);
  if (!text.ok) {
    return text;
  }
  const json = parseJson(text.value);
  if (!json.ok) {
    return json;
  }
  if (typeof json.value !== "object" || json.value === null || Array.isArray(json.value)) {
    return refused("shape");
  }
  const { schema, ...members } = { schema: undefined, ...json.value };
  if (schema !== SCHEMA) {
    return refused("schema");
  }
  const parsed = shape.safeParse(members);
  return parsed.success ? accepted(parsed.data) : refused("shape");
}

function parseJson(text: string): Decoded<unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return accepted(value);
  } catch {
    return refused("encoding");
  }
}
