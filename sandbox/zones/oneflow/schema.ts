import { FlowError, UncaughtFlowError } from "./flow-error.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/** What OneFlow demands of one value of a document. */
export type Schema = { readonly required?: boolean; readonly default?: string | number } & (
  | { readonly type: "string"; readonly values?: readonly string[]; readonly pattern?: RegExp }
  | { readonly type: "integer"; readonly minimum?: number }
  | { readonly type: "boolean" }
  | { readonly type: "array"; readonly items?: Schema }
  | { readonly type: "object"; readonly properties?: Readonly<Record<string, Schema>> }
);

/**
 * The value as OneFlow keeps it: numbers that came as text are numbers, and defaults stand behind what was given. Throws
 * a FlowError 400 in OneFlow's words, and where its own check breaks down an UncaughtFlowError.
 */
export function validated(value: unknown, schema: Schema, key: string): unknown {
  switch (schema.type) {
    case "string":
      return text(value, schema, key);
    case "integer":
      return integer(value, schema.minimum, key);
    case "boolean":
      if (typeof value === "boolean") return value;
      throw wrong(key, "is not allowed in {:type=>:boolean, :required=>false}");
    case "array": {
      if (!Array.isArray(value)) throw wrong(key, "must be an Array");
      const { items } = schema;
      return items === undefined ? value : value.map((item) => validated(item, items, key));
    }
    case "object":
      if (!isJsonObject(value)) throw wrong(key, "must be an Object");
      return schema.properties === undefined ? value : withProperties(value, schema.properties);
  }
}

/** What is null or false counts as not given, and is not looked at. */
function withProperties(given: JsonObject, properties: Readonly<Record<string, Schema>>): JsonObject {
  const body: JsonObject = { ...given };
  for (const [name, schema] of Object.entries(properties)) {
    const value = body[name];
    if (value !== undefined && value !== null && value !== false) {
      body[name] = validated(value, schema, name);
    } else if (schema.required) {
      throw new FlowError(
        400,
        `Mandatory document key '${name} (${schema.type})' is missing from ${JSON.stringify(body)}`,
      );
    } else if (schema.default !== undefined) {
      body[name] = schema.default;
    }
  }
  return body;
}

function text(value: unknown, { values, pattern }: Extract<Schema, { type: "string" }>, key: string): string {
  if (typeof value !== "string") throw wrong(key, "must be a String");
  if (values !== undefined && !values.includes(value)) throw wrong(key, `must be one of ${values.join(", ")}`);
  if (pattern !== undefined && !pattern.test(value)) throw wrong(key, `must match regexp /${pattern.source}/`);
  return value;
}

/** Ruby's Integer(): a fraction of a number is cut off, that of a text is none, and of other things it cannot make one. */
function integer(value: unknown, minimum: number | undefined, key: string): number {
  if (typeof value !== "number" && typeof value !== "string") {
    throw new UncaughtFlowError(
      `can't convert ${value === true ? "true" : Array.isArray(value) ? "Array" : "Hash"} into Integer`,
    );
  }
  if (typeof value === "string" && !/^\s*[-+]?\d+\s*$/.test(value)) throw wrong(key, "must be an Integer");
  const number = Math.trunc(Number(value));
  if (minimum !== undefined && number < minimum) throw wrong(key, `must be greater than or equal to ${minimum}`);
  return number;
}

function wrong(key: string, what: string): FlowError {
  return new FlowError(400, `KEY: '${key}' ${what};`);
}
