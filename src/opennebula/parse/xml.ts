/** OpenNebula's XML values: read by fast-xml-parser, given their shape by zod. */
import { XMLParser } from "fast-xml-parser";
import { z } from "zod";
import { ZoneError } from "../../federation/model/zone-facts.ts";

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, trimValues: false, jPath: false });

/** No zone has so many in one answer; reading them holds everything else up, for more than a second. */
const MAX_ELEMENTS = 200_000;

/** About how many elements there are, which is what takes time to read. */
export function countElements(xml: string): number {
  let count = 0;
  for (const end of ["</", "/>"]) {
    for (let at = xml.indexOf(end); at !== -1; at = xml.indexOf(end, at + end.length)) count += 1;
  }
  return count;
}

/**
 * The element called `root` as `schema` reads it. The parser is lenient with XML that was cut, so the end is looked at.
 * Throws `ZoneError` unreadable.
 */
export function parseElement<S extends z.ZodType>(xml: string, root: string, schema: S): z.output<S> {
  const end = xml.trimEnd();
  if (!end.endsWith(`</${root}>`) && end !== `<${root}/>`) throw unreadable(root, "it does not end where it should");
  if (countElements(xml) > MAX_ELEMENTS) throw unreadable(root, `it has more than ${MAX_ELEMENTS} elements`);
  const parsed = schema.safeParse(readTree(xml, root)[root]);
  if (parsed.success) return parsed.data;
  throw unreadable(root, firstIssue(parsed.error), parsed.error);
}

/** Where an element has another shape than expected, and which. */
export function firstIssue(error: z.ZodError): string {
  const [first] = error.issues;
  return first === undefined ? "" : `${first.path.join("/").slice(0, 100)}: ${first.message}`;
}

/** A member of a pool, or why it could not be read. One of an odd shape hides none of the others. */
export type Member<T> =
  | { readonly id: number; readonly value: T }
  /** null: it shows no number. */
  | { readonly id: number | null; readonly why: string };

/** The members called `element` of the pool called `root`, in its order. Throws `ZoneError` unreadable when it is no pool. */
export function parseMembers<S extends z.ZodType>(
  xml: string,
  root: string,
  element: string,
  schema: S,
): readonly Member<z.output<S>>[] {
  const pool = parseElement(xml, root, ofAnything);
  return several.parse(pool[element]).map((member): Member<z.output<S>> => {
    const id = idOf(member);
    const parsed = schema.safeParse(member);
    if (!parsed.success) return { id, why: firstIssue(parsed.error) };
    return id === null ? { id, why: "it has no ID" } : { id, value: parsed.data };
  });
}

/** Those members that could be read. */
export const readable = <T>(members: readonly Member<T>[]): readonly T[] =>
  members.flatMap((member) => ("value" in member ? [member.value] : []));

function idOf(member: unknown): number | null {
  const parsed = numbered.safeParse(member);
  return parsed.success ? parsed.data.ID : null;
}

function readTree(xml: string, root: string): Readonly<Record<string, unknown>> {
  try {
    return tree.parse(parser.parse(xml));
  } catch (error) {
    throw unreadable(root, error instanceof Error ? error.message : "no XML", error);
  }
}

function unreadable(root: string, detail: string, cause?: unknown): ZoneError {
  return new ZoneError("unreadable", `A ${root} of OpenNebula was not understood: ${detail}.`, { cause });
}

/** An element that may come any number of times: the parser gives one as itself and several as a list. */
export function many<S extends z.ZodType>(item: S) {
  return z.preprocess((value) => {
    if (value === undefined || value === "") return [];
    return Array.isArray(value) ? value : [value];
  }, z.array(item));
}

/** An element with others inside; the parser gives an empty one as text. */
export function group<S extends z.ZodRawShape>(shape: S) {
  return z.preprocess((value) => (value === undefined || value === "" ? {} : value), z.object(shape));
}

/** Of no more digits than a number keeps exactly. */
export const integer = z
  .string()
  .regex(/^-?\d{1,15}$/)
  .transform(Number);

export const decimal = z.string().transform(Number).refine(Number.isFinite, "no number");

/** Attributes as people write them into templates: names and texts. Of a name given twice the last counts. */
export const attributes = z.preprocess(
  (value) => (value === undefined || value === "" ? {} : value),
  z.record(z.string(), z.unknown()).transform((element): Readonly<Record<string, string>> => {
    const texts = Object.entries(element).flatMap(([name, value]) => {
      const last: unknown = Array.isArray(value) ? value.at(-1) : value;
      return typeof last === "string" ? [[name, last] as const] : [];
    });
    return Object.fromEntries(texts);
  }),
);

/** A single text of such attributes, if it is there and not empty. */
export const optionalText = z.preprocess(
  (value) => (Array.isArray(value) ? value.at(-1) : value),
  z
    .string()
    .optional()
    .transform((text) => (text === "" ? undefined : text)),
);

/** oned's truth values, as people write them. */
export const isYes = (text: string | undefined): boolean => /^(yes|y|true|t|1)$/i.test(text ?? "");

// Made once, not with every answer: a shape is compiled when it is first used.
const tree = z.record(z.string(), z.unknown());
const ofAnything = z.preprocess((value) => (value === undefined || value === "" ? {} : value), tree);
const several = many(z.unknown());
const numbered = z.object({ ID: integer });
