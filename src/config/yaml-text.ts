/** YAML to plain data that remembers on which line each value stands. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
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
  const errors: YamlFault[] = document.errors.map((error) => {
    const line = lines.linePos(error.pos[0]).line;
    return error.code === "DUPLICATE_KEY"
      ? { line, problem: "gives the same key twice", remedy: "Keep one of the two, or give the second another name." }
      : { line, problem: `is not YAML: ${error.message}`, remedy: "Correct the line, or what stands just before it." };
  });
  const readable = document.errors.every((error) => error.code === "DUPLICATE_KEY");
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

/** An alias to nothing, or aliases that would fill the memory, show only now. */
function plainData(document: Document.Parsed): { value: unknown; errors: readonly YamlFault[] } {
  try {
    return { value: document.toJS(), errors: [] };
  } catch (error) {
    const problem = `is not YAML: ${error instanceof Error ? error.message : String(error)}`;
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
