/** XML-RPC's calls and answers as text. The `xmlrpc` package writes the calls, and reads answers of any form. */
import { Readable } from "node:stream";
import Deserializer from "xmlrpc/lib/deserializer.js";
import { serializeMethodCall } from "xmlrpc/lib/serializer.js";

export type Parameter = string | number | boolean;

/** Throws where a text holds a character that XML cannot carry; the library's words quote it. */
export const methodCall = (method: string, parameters: readonly Parameter[]): string =>
  serializeMethodCall(method, parameters);

/**
 * The form that all of oned's answers have: whether it worked, a text, and numbers behind it. A text holds XML that was
 * escaped, up to megabytes of it, and a parser that goes from character to character takes a hundred times as long.
 */
const USUAL =
  /^\s*(?:<\?xml[^>]*\?>)?\s*<methodResponse>\s*<params>\s*<param>\s*<value>\s*<array>\s*<data>\s*<value>\s*<boolean>([01])<\/boolean>\s*<\/value>\s*<value>\s*<string>([^<]*)<\/string>\s*<\/value>\s*((?:<value>\s*<(?:i4|int)>-?\d{1,10}<\/(?:i4|int)>\s*<\/value>\s*)*)<\/data>\s*<\/array>\s*<\/value>\s*<\/param>\s*<\/params>\s*<\/methodResponse>\s*$/;

/** What an answer holds. Rejects with the package's error: a fault has `faultCode` and `faultString`. */
export function methodAnswer(text: string): Promise<unknown> {
  const [, worked, value, numbers] = USUAL.exec(text) ?? [];
  const plain = value === undefined ? undefined : unescaped(value);
  if (plain === undefined || numbers === undefined) return anyAnswer(text);
  return Promise.resolve([worked === "1", plain, ...(numbers.match(/-?\d+(?=<)/g) ?? []).map(Number)]);
}

const NAMED = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
  ["#13", "\r"],
  ["#xD", "\r"],
  ["#x0d", "\r"],
]);

/** undefined: it holds a reference of another kind. */
function unescaped(text: string): string | undefined {
  let isKnown = true;
  const plain = text.replace(/&([^;&]{0,8});?/g, (reference, name: string) => {
    const character = reference.endsWith(";") ? NAMED.get(name) : undefined;
    isKnown &&= character !== undefined;
    return character ?? "";
  });
  return isKnown ? plain : undefined;
}

function anyAnswer(text: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // It calls back more than once for some answers; a promise listens once.
    new Deserializer("utf8").deserializeMethodResponse(Readable.from([text]), (error, value) => {
      if (error === null || error === undefined) resolve(value);
      else reject(error);
    });
  });
}
