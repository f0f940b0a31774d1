/** YAML to plain data that remembers on which line each value stands. */
import { type Document, type ErrorCode, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Path } from "./mistake.ts";

export interface YamlText {
  /** undefined when the text is not YAML at all. */
  readonly value: unknown;
  readonly errors: readonly YamlFault[];
  /** The line of a value, or of the nearest section around it that exists; from 1. */
  readonly lineOf: (path: Path) => number | undefined;
}

interface YamlFault {
  readonly line: number;
  readonly problem: string;
  readonly remedy: string;
}

export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const faults = document.errors.map(({ code, pos }) => ({ code, line: lines.linePos(pos[0]).line }));
  const { errors, readable } = told(faults);
  const plain = readable ? plainData(document) : { value: undefined, errors: [] };
  return {
    value: plain.value,
    errors: [...errors, ...plain.errors],
    lineOf: (path) => {
      const offset = offsetOf(document, path);
      return offset === undefined ? undefined : lines.linePos(offset).line;
    },
  };
}

interface Fault {
  readonly code: ErrorCode;
  readonly line: number;
}

const COLUMNS =
  "Look at this line and the one before it: what belongs together begins in the same column, and after a key comes a colon and a blank.";

/** A slip upsets the lines below it as well: the first fault is told, and what follows from it is not. */
function told(faults: readonly Fault[]): { errors: readonly YamlFault[]; readable: boolean } {
  const [first] = faults.toSorted((one, other) => one.line - other.line);
  if (first === undefined) return { errors: [], readable: true };
  const { line, code } = first;
  const twice = faults.every((fault) => fault.code === "DUPLICATE_KEY");
  if (twice && faults.length > 1) {
    const problem = `gives the same key twice, as do ${faults.length - 1} further lines`;
    const remedy =
      "A line above it is probably indented too far, so that what follows counts to the section before it.";
    return { errors: [{ line, problem, remedy }], readable: false };
  }
  return { errors: [{ line, ...faultWords(code) }], readable: false };
}

function faultWords(code: ErrorCode): Omit<YamlFault, "line"> {
  switch (code) {
    case "DUPLICATE_KEY":
      return {
        problem: "gives the same key twice",
        remedy: "Keep one of the two, or give the second another name.",
      };
    case "TAB_AS_INDENT":
      return { problem: "is not YAML: it is indented with a tab", remedy: "Indent with blanks only." };
    case "BAD_DQ_ESCAPE":
      return {
        problem: "is not YAML: a backslash in double quotes stands before a letter that it does not go with",
        remedy: "Write two backslashes, or use single quotes.",
      };
    case "MISSING_CHAR":
      return {
        problem:
          "is not YAML: a sign is missing, such as the closing quotation mark or bracket of what was opened before",
        remedy: "Close what was opened, here or further above.",
      };
    case "BAD_ALIAS":
    case "ALIAS_PROPS":
    case "BAD_SCALAR_START":
      return {
        problem: "is not YAML: a value begins with a sign that means something else",
        remedy: "Put the value into quotation marks.",
      };
    default:
      return { problem: "is not YAML as it is indented or written", remedy: COLUMNS };
  }
}

/** An alias to nothing, or aliases that would fill the memory, show only now. */
function plainData(document: Document.Parsed): { value: unknown; errors: readonly YamlFault[] } {
  try {
    return { value: document.toJS(), errors: [] };
  } catch (error) {
    const aliased = error instanceof ReferenceError ? /: (\S+)$/.exec(error.message)?.[1] : undefined;
    const problem = `is not YAML: an alias${aliased === undefined ? "" : ` (*${aliased})`} leads nowhere, or to too much`;
    return { value: undefined, errors: [{ line: 1, problem, remedy: "Write values out instead of using aliases." }] };
  }
}

function offsetOf(document: Document.Parsed, path: Path): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const part of path) {
    const step = stepInto(isAlias(node) ? node.resolve(document) : node, part);
    if (step === undefined) break;
    node = step.node;
    offset = step.offset ?? offset;
  }
  return offset;
}

function stepInto(node: unknown, part: PropertyKey): { node: unknown; offset: number | undefined } | undefined {
  if (isSeq(node) && typeof part === "number") {
    const item = node.items[part];
    return { node: item, offset: isScalar(item) || isMap(item) ? item.range?.[0] : undefined };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
  if (pair === undefined) return undefined;
  return { node: pair.value, offset: isScalar(pair.key) ? pair.key.range?.[0] : undefined };
}
