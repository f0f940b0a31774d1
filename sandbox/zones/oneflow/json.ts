export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Undefined for what is no JSON at all. */
export function parsedJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** OneFlow's deep merge: objects key by key, lists one after the other without identical entries, all else replaced. */
export function deepMerged(base: JsonObject, added: JsonObject): JsonObject {
  const result: JsonObject = { ...base };
  for (const [key, value] of Object.entries(added)) result[key] = mergedValue(result[key], value);
  return result;
}

function mergedValue(base: unknown, added: unknown): unknown {
  if (isJsonObject(base) && isJsonObject(added)) return deepMerged(base, added);
  if (!Array.isArray(base) || !Array.isArray(added)) return added;
  const known = new Set(base.map((item) => JSON.stringify(item)));
  return [...base, ...added.filter((item) => !known.has(JSON.stringify(item)))];
}
