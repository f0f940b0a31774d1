import type { z } from "zod";

/** One sentence of Slack's about one place, such as `must be less than 76 characters [json-pointer:/blocks/0/text/text]`. */
export type Complaint = string;

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

export function complaint(sentence: string, path: Path): Complaint {
  return `${sentence} [json-pointer:/${path.map(String).join("/")}]`;
}

/** Turns what the schema found into Slack's wording. `root` is where the checked value hangs: `["blocks"]` or `["view"]`. */
export function complaintsOf(error: z.ZodError, root: Path): Complaint[] {
  return error.issues.flatMap((issue) => complaintsOfIssue(issue, [...root, ...issue.path]));
}

function complaintsOfIssue(issue: Issue, path: Path): Complaint[] {
  switch (issue.code) {
    case "invalid_type":
      return [issue.input === undefined ? missing(path) : complaint(`must provide ${article(issue.expected)}`, path)];
    case "too_big":
      return [complaint(tooBig(issue.origin, Number(issue.maximum)), path)];
    case "too_small":
      return [complaint(tooSmall(issue.origin, Number(issue.minimum)), path)];
    case "unrecognized_keys":
      return issue.keys.map((key) => complaint(`invalid additional property: ${key}`, path));
    case "invalid_value":
      return [issue.input === undefined ? missing(path) : complaint("must be a valid enum value", path)];
    case "invalid_union":
      return [invalidUnion(issue, path)];
    default:
      return [complaint("failed to match schema", path)];
  }
}

function missing(path: Path): Complaint {
  return complaint(`missing required field: ${String(path.at(-1))}`, path.slice(0, -1));
}

function invalidUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path): Complaint {
  if (path.at(-1) !== "type") return complaint("failed to match all allowed schemas", path);
  const value = issue.input;
  const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  return type === undefined ? missing(path) : complaint(`unsupported type: ${String(type)}`, path);
}

function tooBig(origin: string, maximum: number): string {
  if (origin === "string") return `must be less than ${maximum + 1} characters`;
  if (origin === "array") return `no more than ${maximum} items allowed`;
  return `must be no more than ${maximum}`;
}

function tooSmall(origin: string, minimum: number): string {
  if (origin === "string") return `must be more than ${minimum - 1} characters`;
  if (origin === "array") return `no less than ${minimum} items allowed`;
  return `must be no less than ${minimum}`;
}

function article(expected: string): string {
  return /^[aeio]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}
