/** Every mark that people read, and what it stands for: nowhere else is one written. */
import type { TaskCardBlock } from "@slack/types";

/** How a site or a zone stands. `out`: nothing of it is to run, or what was wrong is over. */
export type Standing = "up" | "coming" | "pending" | "degraded" | "down" | "unknown" | "out";

/** What is said of something that happened, or is asked. */
type Said = "done" | "refused" | "tooLate" | "warning" | "ready" | "trust" | "hint" | "forbidden";

export const MARK: Readonly<Record<Standing | Said, string>> = {
  up: ":large_green_circle:",
  coming: ":large_blue_circle:",
  pending: ":white_circle:",
  degraded: ":large_yellow_circle:",
  down: ":red_circle:",
  unknown: ":grey_question:",
  out: ":heavy_minus_sign:",
  done: ":white_check_mark:",
  refused: ":x:",
  tooLate: ":hourglass:",
  warning: ":warning:",
  ready: ":checkered_flag:",
  trust: ":lock:",
  hint: ":information_source:",
  forbidden: ":no_entry:",
};

/** Slack's tasks know four states; the mark beside the sentence says the rest. */
const TASK: Readonly<Record<Standing, TaskCardBlock["status"]>> = {
  up: "complete",
  coming: "in_progress",
  pending: "pending",
  degraded: "error",
  down: "error",
  unknown: "pending",
  out: "pending",
};

export const taskOf = (standing: Standing): TaskCardBlock["status"] => TASK[standing];
/** The mark's name, as rich text has it. */
export const emojiOf = (standing: Standing): string => MARK[standing].slice(1, -1);
