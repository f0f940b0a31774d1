/** What a measurement yields, and the one table that shows all of them. */
import { z } from "zod";

/** What is promised. `above`: of what the figure is above its peer. */
const target = z.strictObject({ of: z.enum(["figure", "ratio", "above"]), atMost: z.number() });

const unit = z.enum(["ms", "MB", "kB", "%", "calls", "messages", "events"]);

export const figure = z.strictObject({
  /** What was measured, and what of it. */
  subject: z.string(),
  value: z.number(),
  unit,
  /** What it is held against, measured in the same run. */
  peer: z.strictObject({ name: z.string(), value: z.number() }).nullable(),
  targets: z.array(target).readonly(),
});
export type Figure = z.infer<typeof figure>;
type Unit = z.infer<typeof unit>;
type Target = z.infer<typeof target>;

export const atMost = (limit: number): Target => ({ of: "figure", atMost: limit });
export const ratioAtMost = (limit: number): Target => ({ of: "ratio", atMost: limit });
export const aboveAtMost = (limit: number): Target => ({ of: "above", atMost: limit });

const HEADINGS = ["what", "figure", "peer", "ratio", "target", "holds"] as const;

/** A table in Markdown, readable as it stands in a terminal. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((one) => [
    one.subject,
    amount(one.value, one.unit),
    one.peer === null ? "" : `${amount(one.peer.value, one.unit)} ${one.peer.name}`,
    one.peer === null || one.peer.value === 0 ? "" : `${rounded(one.value / one.peer.value)}x`,
    one.targets.map((promised) => targetText(promised, one.unit)).join(", "),
    verdict(one),
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(HEADINGS), rule, ...rows.map(line)].join("\n");
}

/** Whether all that is promised of it is so. */
const holds = ({ value, peer, targets }: Figure): boolean =>
  targets.every(({ of, atMost: limit }) => {
    if (of === "figure") return value <= limit;
    if (peer === null) return false;
    return of === "above" ? value - peer.value <= limit : value <= limit * peer.value;
  });

function verdict(one: Figure): string {
  if (one.targets.length === 0) return "";
  return holds(one) ? "yes" : "no";
}

function targetText({ of, atMost: limit }: Target, unitOf: Unit): string {
  switch (of) {
    case "figure":
      return `<= ${amount(limit, unitOf)}`;
    case "ratio":
      return `<= ${limit}x`;
    case "above":
      return `<= ${amount(limit, unitOf)} above`;
  }
}

const amount = (value: number, of: Unit): string => `${rounded(value)} ${of}`;

/** Three digits say all that a run on a shared machine can. */
function rounded(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  if (Math.abs(value) >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** The value below which that part of all lies; 0.5 is the median. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
export const median = (values: readonly number[]): number => quantile(values, 0.5);
