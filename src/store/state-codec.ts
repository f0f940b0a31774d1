/** Plain data with Maps and Sets as JSON, and back. A member's name that looks like one of the marks is no mark. */

const MAP = "$map";
const SET = "$set";
/** Holds an object whose only member's name is one of these. */
const PLAIN = "$plain";
const MARKS: ReadonlySet<string> = new Set([MAP, SET, PLAIN]);

const markOf = (members: readonly (readonly [string, unknown])[]): string | undefined => {
  const [first, second] = members;
  return first !== undefined && second === undefined && MARKS.has(first[0]) ? first[0] : undefined;
};

const fields = (members: readonly (readonly [string, unknown])[], each: (value: unknown) => unknown): object =>
  Object.fromEntries(members.map(([name, value]) => [name, each(value)]));

export function encode(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(encode);
  if (value instanceof Map) return { [MAP]: [...value].map(([key, held]) => [encode(key), encode(held)]) };
  if (value instanceof Set) return { [SET]: [...value].map(encode) };
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const encoded = fields(members, encode);
  return markOf(members) === undefined ? encoded : { [PLAIN]: encoded };
}

/** Of what `JSON.parse` gives. Throws on what `encode` never makes. */
export function decode(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(decode);
  const members = Object.entries(value);
  const mark = markOf(members);
  if (mark === undefined) return fields(members, decode);
  const [[, held] = []] = members;
  if (mark === PLAIN && held !== null && typeof held === "object") return fields(Object.entries(held), decode);
  if (!Array.isArray(held)) throw new Error(`${mark} holds no list.`);
  return mark === SET ? new Set(held.map(decode)) : new Map(held.map(pairOf));
}

function pairOf(pair: unknown): readonly [unknown, unknown] {
  if (!Array.isArray(pair) || pair.length !== 2) throw new Error(`${MAP} holds something that is no pair.`);
  const [key, held] = pair.map(decode);
  return [key, held];
}
