/**
 * How shapes are written here, so that every mistake names its remedy: the message of a zod issue *is* the remedy,
 * and what is wrong follows from the issue's kind and the value that was found.
 */
import { z } from "zod";
import { type Finding, formatPath, type Path } from "./mistake.ts";
import { nearest } from "./nearest.ts";

const KNOWN_SEPARATOR = ", ";

/** An object that takes these keys and no others. */
export function section<S extends z.core.$ZodLooseShape>(shape: S, remedy: string): z.ZodObject<S, z.core.$strict> {
  const known = Object.keys(shape).join(KNOWN_SEPARATOR);
  // For unknown keys the message lists the known ones; `findings` makes a sentence of it.
  return z.strictObject(shape, { error: (issue) => (issue.code === "unrecognized_keys" ? known : remedy) });
}

/** Text that is not empty. */
export const text = (remedy: string): z.ZodString => z.string({ error: remedy }).min(1, remedy);

/** Adds a mistake of a field's own check. `problem` must not hold a secret. */
export function fault(context: z.core.$RefinementCtx, problem: string, remedy: string): never {
  context.issues.push({ code: "custom", input: context.value, message: remedy, params: { problem } });
  return z.NEVER;
}

/** Text that becomes something else: `read` gives the value, or says what is wrong with the text. */
export function readText<T>(remedy: string, read: (text: string) => Reading<T>) {
  return text(remedy).transform((value, context): T => {
    const reading = read(value);
    return reading.ok ? reading.value : fault(context, reading.problem, reading.remedy ?? remedy);
  });
}

export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string; readonly remedy?: string };

/** Text that must be an id of the core, such as a Slack team's. */
export function idText<S extends z.ZodType>(schema: S, remedy: string) {
  return readText<z.output<S>>(remedy, (value) => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return { ok: true, value: parsed.data };
    return { ok: false, problem: `is "${value}" and ${parsed.error.issues[0]?.message ?? "has the wrong form"}` };
  });
}

/** What a shape found wrong in a value. */
export function findings(error: z.ZodError, value: unknown): readonly Finding[] {
  const found = error.issues.flatMap((issue): readonly Finding[] => {
    if (issue.code === "unrecognized_keys") return unknownKeys(issue);
    const { path } = issue;
    const [ofKey] = issue.code === "invalid_key" ? issue.issues : [];
    return ofKey === undefined
      ? [{ path, problem: problemOf(issue, at(value, path)), remedy: issue.message }]
      : [{ path, problem: problemOf(ofKey, path.at(-1)), remedy: ofKey.message }];
  });
  return oncePerSlip(found, value);
}

const EMPTY = "is empty";
const MISSING = "is missing";
const UNKNOWN = "is not known";

/**
 * One slip is one mistake: what was written under another name or in another section is not missing as well, and what stands beside an empty
 * section, because it is not indented below it, is not unknown as well.
 */
function oncePerSlip(found: readonly Finding[], value: unknown): readonly Finding[] {
  const unknown = found.filter(({ problem }) => problem === UNKNOWN);
  const misnamed = new Set(unknown.map(({ remedy }) => /^Did you mean `([^`]+)`/.exec(remedy)?.[1]));
  const misplaced = new Set(unknown.map(({ path }) => path.at(-1)));
  const outside = new Map(
    found.flatMap((one) => (one.problem === EMPTY ? [[one, besideEmpty(one, unknown, value)] as const] : [])),
  );
  const isElsewhere = ({ path, problem }: Finding): boolean => {
    const name = path.at(-1);
    return problem === MISSING && name !== undefined && (misplaced.has(name) || misnamed.has(String(name)));
  };
  const explained = new Set([...outside.values()].flat());
  return found.flatMap((one) => {
    if (explained.has(one) || isElsewhere(one)) return [];
    const keys = (outside.get(one) ?? []).map(({ path }) => String(path.at(-1)));
    if (keys.length === 0) return [one];
    const remedy = `Indent ${keys.map((key) => `\`${key}\``).join(" and ")} further, so that it belongs to \`${String(one.path.at(-1))}\`.`;
    return [{ ...one, remedy }];
  });
}

/** Unknown keys that directly follow the empty one. */
function besideEmpty({ path }: Finding, unknown: readonly Finding[], value: unknown): readonly Finding[] {
  const parent = at(value, path.slice(0, -1));
  const keys = typeof parent === "object" && parent !== null ? Object.keys(parent) : [];
  const after = keys.slice(keys.indexOf(String(path.at(-1))) + 1);
  const beside: Finding[] = [];
  for (const key of after) {
    const place = formatPath([...path.slice(0, -1), key]);
    const one = unknown.find((finding) => formatPath(finding.path) === place);
    if (one === undefined) break;
    beside.push(one);
  }
  return beside;
}

function unknownKeys(issue: z.core.$ZodIssueUnrecognizedKeys): readonly Finding[] {
  const known = issue.message.split(KNOWN_SEPARATOR);
  return issue.keys.map((key) => {
    const meant = nearest(key, known);
    const remedy =
      meant === undefined
        ? `Remove it. Known here: ${issue.message}.`
        : `Did you mean \`${meant}\`? Otherwise remove it.`;
    return { path: [...issue.path, key], problem: UNKNOWN, remedy };
  });
}

function problemOf(issue: z.core.$ZodIssue, found: unknown): string {
  if (found === undefined) return MISSING;
  if (found === null) return EMPTY;
  switch (issue.code) {
    case "custom": {
      const told: unknown = issue.params?.["problem"];
      return typeof told === "string" ? told : "is not valid";
    }
    case "invalid_type":
    case "invalid_union":
      return `is ${kindOf(found)}`;
    case "invalid_value":
      return `is ${shown(found)}`;
    case "too_small":
      return found === "" || (Array.isArray(found) && found.length === 0) ? "is empty" : `is too small`;
    case "too_big":
      return "is too large";
    default:
      return "has the wrong form";
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "object":
      return "a section with keys of its own";
    case "string":
      return "text";
    case "number":
      return `the number ${value}`;
    case "boolean":
      return `the truth value ${value}`;
    default:
      return "of the wrong kind";
  }
}

const shown = (value: unknown): string => (typeof value === "string" ? `"${value}"` : kindOf(value));

function at(value: unknown, path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = Reflect.get(here, part);
  }
  return here;
}
