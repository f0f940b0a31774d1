/** What the doctor found, for people and for programs. */
import type { Check, Verdict } from "./check.ts";

/** Of the whole: the worst there is. Something that could not be looked at is worse than a warning, and no fault. */
type Outcome = "right" | "incomplete" | "faults" | "configuration";

/** What `--json` prints; docs/operating.md tells its shape. */
export interface Report {
  readonly schema: 1;
  readonly outcome: Outcome;
  /** What was changed anywhere by looking. */
  readonly effects: "none";
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly checks: readonly Check[];
}

/** By the outcome. 2 is also a wrong option's. */
export const EXIT_CODE: Readonly<Record<Outcome, number>> = { right: 0, faults: 1, configuration: 2, incomplete: 3 };

export function reportOf(checks: readonly Check[]): Report {
  const count = (verdict: Verdict): number => checks.filter((check) => check.verdict === verdict).length;
  const counts = {
    ok: count("ok"),
    warning: count("warning"),
    fault: count("fault"),
    "not-looked-at": count("not-looked-at"),
  };
  return { schema: 1, outcome: outcomeOf(checks, counts), effects: "none", counts, checks };
}

function outcomeOf(checks: readonly Check[], counts: Report["counts"]): Outcome {
  if (checks.some(({ code, verdict }) => code === "configuration" && verdict === "fault")) return "configuration";
  if (counts.fault > 0) return "faults";
  return counts["not-looked-at"] > 0 ? "incomplete" : "right";
}

const MARKS: Readonly<Record<Verdict, string>> = { ok: "✓", warning: "!", fault: "✗", "not-looked-at": "–" };

/** One line for each thing, the remedy below it, and how it is altogether. */
export function textOf({ checks, counts, outcome }: Report): string {
  const lines = checks.map(({ verdict, sentence, remedy }) =>
    [`${MARKS[verdict]} ${sentence}`, ...(remedy === null ? [] : [`  ${remedy}`])].join("\n"),
  );
  return [...lines, "", `${sumOf(counts, outcome)} Nothing was changed anywhere.`].join("\n");
}

function sumOf(counts: Report["counts"], outcome: Outcome): string {
  const parts = [
    counts.fault === 1 ? "one fault" : counts.fault > 1 ? `${counts.fault} faults` : "",
    counts.warning === 1 ? "one warning" : counts.warning > 1 ? `${counts.warning} warnings` : "",
    counts["not-looked-at"] > 0 ? `${counts["not-looked-at"]} not looked at` : "",
  ].filter((part) => part !== "");
  if (parts.length === 0) return `All ${counts.ok} checks are right.`;
  const sum = `${parts.join(", ")}, ${counts.ok} right.`;
  return outcome === "right" ? `The bot can start: ${sum}` : `Look at what is marked: ${sum}`;
}
